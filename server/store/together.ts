/** Work of one transaction that needs not wait for each other: Postgres is sent it all at once. */

/**
 * The results of all, in their order. Where some fail, the first failure in that order is thrown, but not before all have
 * ended: what still went on would write when the transaction is over.
 */
export async function together<Works extends readonly unknown[]>(
  ...works: Works
): Promise<{ -readonly [At in keyof Works]: Awaited<Works[At]> }> {
  const ends = await Promise.allSettled(works);
  const failed = ends.find((end) => end.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  // All have ended well: these are their results already.
  return Promise.all(works) as Promise<{ -readonly [At in keyof Works]: Awaited<Works[At]> }>;
}

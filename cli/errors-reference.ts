import { ERRORS } from "../protocol/errors.ts";

/** docs/errors.md, from the table that exit codes and API answers come from: `bun cli/errors-reference.ts > docs/errors.md`. */
export function errorsReference(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, kind]) => `| \`${code}\` | ${kind.title} | ${kind.exit} | ${kind.status} |`,
  );
  return `# Errors

Every error that fangs reports on purpose has a stable code. The CLI prints one sentence and a hint on standard error (with
\`--json\` a problem object) and ends with the exit code; the API answers with the status and \`application/problem+json\`.

| code | meaning | exit | HTTP |
|---|---|---|---|
${rows.join("\n")}
`;
}

if (import.meta.main) process.stdout.write(errorsReference());

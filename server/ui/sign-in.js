// Signs in with the code in the fragment, which no server ever sees, and signs out.
const code = location.hash.slice(1);
if (code !== "") {
  history.replaceState(null, "", location.pathname);
  const answer = await fetch("/ui/session", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ code }),
  });
  if (answer.ok) location.reload();
  else document.querySelector("#message").textContent = (await answer.json()).detail;
}

document.querySelector("#sign-out")?.addEventListener("click", async () => {
  const csrf = document.querySelector("meta[name=csrf]").content;
  await fetch("/ui/session", { method: "DELETE", headers: { "fangs-csrf": csrf } });
  location.reload();
});

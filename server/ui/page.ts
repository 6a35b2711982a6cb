/** The pages that are served until there is a dashboard: how to sign in, and who is and what ran last. */
import type { Run } from "../../protocol/models.ts";
import type { Identity } from "../store/tokens.ts";

export function signInPage(): string {
  return page("", '<p id="message">Run <code>fangs ui</code> and open the link that it prints.</p>');
}

export function runsPage(identity: Identity, runs: readonly Run[], csrf: string): string {
  const rows = runs.map(({ created_at, package: name, version, state, verdict }) => {
    const cells = [new Date(created_at).toISOString(), name, version, verdict ?? state];
    return `<tr>${cells.map((cell) => `<td>${Bun.escapeHTML(cell)}</td>`).join("")}</tr>`;
  });
  return page(
    `<meta name="csrf" content="${Bun.escapeHTML(csrf)}">`,
    `<p id="message">Signed in as <b>${Bun.escapeHTML(identity.name)}</b> (${identity.scope}).
<button id="sign-out">Sign out</button></p>
<table><thead><tr><th>Time</th><th>Package</th><th>Version</th><th>Verdict</th></tr></thead>
<tbody>${rows.join("\n")}</tbody></table>`,
  );
}

// --- internal ---

function page(head: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>fangs</title>
<link rel="stylesheet" href="/ui/page.css">
<script type="module" src="/ui/sign-in.js"></script>
${head}
</head>
<body>
<h1>fangs</h1>
${body}
</body>
</html>
`;
}

/** docs/openapi.json: `bun build/openapi.ts > docs/openapi.json`. */
import { openApi } from "../server/api/openapi.ts";
import { ROUTES } from "../server/api/router.ts";

process.stdout.write(`${JSON.stringify(openApi(ROUTES), null, 2)}\n`);

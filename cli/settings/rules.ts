/** The operator's rules out of the configuration file. */
import type { RulesInForce } from "../../server/services.ts";
import type { ConfigFile } from "./file.ts";

/** @throws FangsError config_invalid */
export async function rulesIn(file: ConfigFile | undefined): Promise<RulesInForce> {
  const { readOperatorRules } = await import("../../server/operator-rules-file.ts");
  return readOperatorRules(file?.document, Date.now());
}

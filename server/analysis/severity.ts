import { CATEGORIES, type Category, type Severity } from "../../protocol/facts.ts";
import { INSTALLER } from "./actors.ts";

/** Where a package may be expected to write: its own and the project's files, npm's and tools' caches, temp. */
const ORDINARY_WRITE =
  /^(?:<PROJECT>|<PKG>|<DEP:[^>]*>|<HOME>\/\.npm|<HOME>\/\.cache|\/tmp|\/var\/tmp|\/dev\/shm|\/proc\/self)(?:\/|$)/;
/** Sockets that give away the host or the user's keys. */
const KEY_SOCKET =
  /(?:\/docker\.sock|\/containerd\.sock|\/podman\.sock|\/ssh-[^/]*\/agent\.[^/]*|agent\.ssh|keyring\/ssh)$/;

/** How bad a behaviour is: its category's severity, raised where the context makes it worse. */
export function severityOf(behaviour: { actor: string; category: Category; value: string }): Severity {
  const { actor, category, value } = behaviour;
  switch (category) {
    case "cred_new_access":
      // npm and git read configuration; a script or a library has no reason to.
      return actor === INSTALLER ? "high" : "critical";
    case "fs_new_path_write":
    case "fs_new_path_delete":
      return ORDINARY_WRITE.test(value) ? CATEGORIES[category].severity : "high";
    case "ipc_new_socket":
      return KEY_SOCKET.test(value) ? "critical" : CATEGORIES[category].severity;
    case "meta_new_script":
      // The others are run by who works on the package, not by who installs it.
      return /^(?:pre|post)?install:/.test(value) ? CATEGORIES[category].severity : "medium";
    default:
      return CATEGORIES[category].severity;
  }
}

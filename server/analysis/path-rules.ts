/**
 * Which files matter more than others. A rule is a path below its root: one that ends in `/` means the directory
 * and all below it, one that ends in `*` every path that begins so, any other exactly that path.
 */

/** Bits of a path's class. */
export const PATH = {
  /** Holds a secret. */
  credential: 1,
  /** A decoy of this run lies there: nobody has business with it. */
  decoy: 2,
  /** Is run or obeyed later, without being asked again. */
  persistence: 4,
  /** Belongs to the project: manifest, lockfile, repository, CI configuration, npm's command links. */
  project: 8,
  /** Configuration that npm itself reads at every start. */
  npmConfig: 16,
  /** Below the project's node_modules. */
  modules: 32,
  /** A character device that everybody opens. */
  device: 64,
  /** npm's own program files, of which every command loads others. */
  npmProgram: 128,
  /** Read by the C library's allocator when threads happen to meet in it: in some runs of a release, not in others. */
  allocator: 256,
} as const;

/** Where npm lies in images; read-only there. */
export const NPM_PROGRAMS = ["/usr/lib/node_modules/npm/", "/usr/local/lib/node_modules/npm/"] as const;

type Rules = readonly (readonly [bits: number, paths: string])[];

/** Below the home directory, and below /root. */
export const HOME_RULES: Rules = [
  [PATH.credential | PATH.npmConfig, ".npmrc .gitconfig"],
  [PATH.credential | PATH.persistence, ".ssh/authorized_keys"],
  [PATH.credential, ".ssh/ .aws/ .azure/ .kube/config .docker/config.json .git-credentials .netrc .gnupg/"],
  [PATH.credential, ".config/gh/ .config/gcloud/ .config/git/credentials .config/op/ .config/rclone/ .pypirc .pgpass"],
  [PATH.credential, ".cargo/credentials .cargo/credentials.toml .terraform.d/credentials.tfrc.json .vault-token"],
  [PATH.credential, ".env .env.* .envrc .yarnrc.yml .password-store/ .local/share/keyrings/ Library/Keychains/"],
  [PATH.credential, ".bash_history .zsh_history .claude/.credentials.json .codex/auth.json .gemini/oauth_creds.json"],
  [
    PATH.credential,
    ".mozilla/ .config/google-chrome/ .config/chromium/ .config/BraveSoftware/ .config/microsoft-edge/",
  ],
  [PATH.credential, ".bitcoin/ .ethereum/ .electrum/ .monero/ .config/solana/ .config/Exodus/ .config/atomic/"],
  [PATH.persistence, ".bashrc .bash_profile .bash_login .bash_logout .profile .zshrc .zprofile .zshenv .zlogin"],
  [PATH.persistence, ".config/fish/ .config/systemd/user/ .config/autostart/ .local/share/systemd/user/ .config/git/"],
  [PATH.persistence, "Library/LaunchAgents/ Library/LaunchDaemons/ .local/share/applications/ .config/environment.d/"],
  [PATH.persistence, ".vscode/ .cursor/ .claude/ .gemini/ .codex/ CLAUDE.md AGENTS.md GEMINI.md .cursorrules"],
];

/** Below the project's directory. */
export const PROJECT_RULES: Rules = [
  [PATH.credential | PATH.npmConfig, ".npmrc"],
  [PATH.credential, ".env .env.* .envrc .git/credentials .yarnrc.yml"],
  [PATH.persistence, ".git/hooks/ .vscode/ .cursor/ .claude/ .gemini/ .codex/ .github/workflows/ .husky/"],
  [PATH.persistence, "CLAUDE.md AGENTS.md GEMINI.md .cursorrules .github/copilot-instructions.md"],
  [PATH.project, "package.json package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock bun.lockb"],
  [PATH.project, ".git/ .github/ .gitlab-ci.yml .circleci/ .travis.yml Jenkinsfile azure-pipelines.yml"],
  [PATH.project, "bitbucket-pipelines.yml .drone.yml .buildkite/ node_modules/.bin/ node_modules/.package-lock.json"],
];

/** Below `/`. */
export const SYSTEM_RULES: Rules = [
  [PATH.credential, "etc/shadow etc/gshadow etc/sudoers etc/sudoers.d/ etc/kubernetes/ run/secrets/ var/run/secrets/"],
  [PATH.credential, "etc/npmrc usr/local/etc/npmrc"],
  [
    PATH.persistence,
    "etc/cron* var/spool/cron/ etc/systemd/ usr/lib/systemd/ etc/ld.so.preload etc/profile etc/profile.d/",
  ],
  [PATH.persistence, "etc/bash.bashrc etc/init.d/ etc/rc.local etc/xdg/autostart/ Library/LaunchAgents/"],
  [PATH.persistence, "Library/LaunchDaemons/"],
  [PATH.npmProgram, NPM_PROGRAMS.map((directory) => directory.slice(1)).join(" ")],
  [PATH.allocator, "sys/devices/system/cpu/online proc/sys/vm/overcommit_memory"],
  [PATH.device, "dev/null dev/zero dev/full dev/random dev/urandom dev/tty"],
];

declare namespace NodeJS {
  interface Process {
    /** Of Node.js since 23.11, and of Bun, whose types do not have it yet: this process goes on as another program. */
    execve?(file: string, args: readonly string[], env: Readonly<Record<string, string>>): never;
  }
}

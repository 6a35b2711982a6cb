import manifest from "../package.json" with { type: "json" };

/** The version of this fangs. */
export const VERSION: string = manifest.version;

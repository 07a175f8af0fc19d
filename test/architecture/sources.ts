/**
 * The project's TypeScript files as the architecture tests see them: path, text, masked text, and what each file imports
 * (with `import type`, `export … from` and `import()` alike). Reads the working tree; knows no rule.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { masked } from "./masked.ts";

export type Import = {
  /** Path of the imported file from the project root ("src/mail/header.ts"), or the bare specifier ("node:fs", "zod"). */
  readonly target: string;
  readonly isFile: boolean;
  readonly isType: boolean;
  /** Names between the braces, as exported there. */
  readonly names: readonly string[];
  readonly line: number;
};

export type Source = {
  /** From the project root, with slashes: "src/mail/header.ts". */
  readonly path: string;
  readonly text: string;
  readonly code: string;
  readonly imports: readonly Import[];
  readonly isTest: boolean;
};

export const projectRoot: string = fileURLToPath(new URL("../../", import.meta.url));

/** All .ts files below the given folders of the project; a folder that does not exist has none. */
export function sourcesIn(...folders: readonly string[]): readonly Source[] {
  return folders
    .filter((folder) => existsSync(projectRoot + folder))
    .flatMap((folder) =>
      readdirSync(projectRoot + folder, { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts") && !name.includes("node_modules"))
        .sort()
        .map((name) => sourceOf(`${folder}/${name.replaceAll("\\", "/")}`, readFileSync(`${projectRoot}${folder}/${name}`, "utf8"))),
    );
}

/** A source from its text; tests of the rules make theirs with it. */
export function sourceOf(path: string, text: string): Source {
  const code = masked(text);
  return { path, text, code, imports: importsOf(path, text, code), isTest: path.endsWith(".test.ts") };
}

export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

const staticImport = /\b(?:import|export)\s+(type\s+)?(?:[\w$*]+(?:\s+as\s+[\w$]+)?\s*,?\s*)?(?:\{([^}]*)\}\s*)?from\s*"/g;
const bareImport = /\bimport\s*\(?\s*"/g;

function importsOf(path: string, text: string, code: string): readonly Import[] {
  const found: Import[] = [];
  for (const pattern of [staticImport, bareImport]) {
    for (const match of code.matchAll(pattern)) {
      const start = match.index + match[0].length;
      const specifier = text.slice(start, text.indexOf('"', start));
      const items = (match[2] ?? "").split(",").map((item) => item.trim());
      const named = items.filter((item) => item !== "");
      const isFile = specifier.startsWith(".");
      found.push({
        target: isFile ? posix.join(posix.dirname(path), specifier) : specifier,
        isFile,
        isType: match[1] !== undefined || (named.length > 0 && named.every((item) => item.startsWith("type "))),
        names: named.map((item) => item.replace(/^type /, "").replace(/ as .*/, "")),
        line: lineAt(text, match.index),
      });
    }
  }
  return found;
}

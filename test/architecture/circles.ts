/** Import circles between files: none may stand, `import type` included. */
import type { Source } from "./sources.ts";

/** Each circle once, as the files on it. */
export function importCircles(sources: readonly Source[]): readonly string[] {
  const files = new Map(sources.map((source) => [source.path, source]));
  const state = new Map<string, "open" | "done">();
  const circles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === "done") return;
    if (state.get(path) === "open") {
      circles.push([...trail.slice(trail.indexOf(path)), path].join(" → "));
      return;
    }
    state.set(path, "open");
    for (const { target, isFile } of files.get(path)?.imports ?? []) if (isFile) visit(target, [...trail, path]);
    state.set(path, "done");
  };
  for (const path of files.keys()) visit(path, []);
  return circles;
}

/** Every file and package that loading `entry` loads: imports of types alone load nothing. */
export function loadedBy(entry: string, sources: readonly Source[]): ReadonlySet<string> {
  const files = new Map(sources.map((source) => [source.path, source]));
  const loaded = new Set<string>();
  const waiting = [entry];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (loaded.has(path)) continue;
    loaded.add(path);
    for (const { target, isType } of files.get(path)?.imports ?? []) if (!isType) waiting.push(target);
  }
  return loaded;
}

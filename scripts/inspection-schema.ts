/** Writes schema/inspection.schema.json from src/stamp/inspection-schema.ts; `--check` only compares and exits 1 when the file is stale. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { publishedSchema } from "../src/stamp/inspection-schema.ts";

const target = new URL("../schema/inspection.schema.json", import.meta.url);

/** The published text. */
export function inspectionSchemaText(): string {
  const schema = z.toJSONSchema(publishedSchema, { target: "draft-2020-12" });
  return `${JSON.stringify({ title: "Assay Inspection", ...schema }, null, 2)}\n`;
}

if (import.meta.main) {
  if (process.argv.includes("--check")) {
    const stale = readFileSync(target, "utf8") !== inspectionSchemaText();
    if (stale) process.stderr.write("schema/inspection.schema.json is stale: run node scripts/inspection-schema.ts\n");
    process.exitCode = stale ? 1 : 0;
  } else {
    mkdirSync(new URL("./", target), { recursive: true });
    writeFileSync(target, inspectionSchemaText());
  }
}

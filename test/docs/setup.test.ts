/** Every sample of the pages on mail servers is what the command prints (house rule 16), and what they link to is there. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { runSample, samples } from "../../scripts/setup-samples.ts";
import { loadConfig } from "../../src/config/load.ts";

const pages = ["setup", "postfix", "sendmail", "exim", "exchange", "dovecot"] as const;
const text = (page: string): string => readFileSync(new URL(`../../docs/${page}.md`, import.meta.url), "utf8");

for (const { page, command, printed } of samples()) {
  test(`docs/${page}.md: ${command}`, () => assert.equal(runSample(command), printed));
}

for (const page of pages) {
  test(`docs/${page}.md: configurations load, links lead somewhere`, () => {
    for (const [, toml = ""] of text(page).matchAll(/```toml\n([\s\S]*?)```/g)) {
      const loaded = loadConfig(Buffer.from(toml));
      assert.ok(loaded.ok, `${toml}\n${JSON.stringify(loaded)}`);
    }
    for (const [, link = ""] of text(page).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
      assert.ok(existsSync(new URL(`../../docs/${link}`, import.meta.url)), link);
    }
  });
}

import assert from "node:assert/strict";
import test from "node:test";
import { loadConfig } from "./load.ts";
import { policyText } from "./policy-text.ts";

function lines(toml: string): readonly string[] {
  const loaded = loadConfig(Buffer.from(toml));
  assert.ok(loaded.ok, JSON.stringify(loaded));
  return policyText(loaded.config).split("\n");
}

/** What differs between two pages, line by line. */
function changed(before: string, after: string): readonly string[] {
  const old = new Set(lines(before));
  return lines(after).filter((line) => !old.has(line));
}

test("policy page: the table of actions under standard is the design's", () => {
  const rows = lines("");
  const from = rows.indexOf("## Actions");
  assert.deepEqual(rows.slice(from + 2, from + 11), [
    "| verdict | allowed | good | unknown | suspicious | blocked |",
    "| --- | --- | --- | --- | --- | --- |",
    "| unverified | deliver | deliver marked | deliver marked | junk | quarantine |",
    "| policy-quarantine | deliver | junk | junk | junk | quarantine |",
    "| policy-reject | deliver | forwarded: junk; adverse fact: reject; else junk | forwarded: junk; adverse fact: reject; else junk | reject | reject |",
    "| undecided | deliver | tempfail | tempfail | tempfail | quarantine |",
    "| unanswered | deliver | tempfail | tempfail | junk | quarantine |",
    "| softpass | deliver | deliver | deliver | junk | quarantine |",
    "| accepted | deliver | junk on suspicion | junk on suspicion | junk on suspicion | deliver |",
  ]);
});

test("policy page: one change of the file is seen as what it means, and nothing else", () => {
  assert.deepEqual(changed("", 'policy.preset = "strict"'), [
    '| preset | "strict" |',
    "| unverified | deliver | deliver marked | deliver marked | quarantine | quarantine |",
    "| unanswered | deliver | tempfail | tempfail | quarantine | quarantine |",
    "| softpass | deliver | deliver marked | deliver marked | quarantine | quarantine |",
  ]);
  assert.deepEqual(changed("", 'policy.honor_reject = "always"'), [
    '| honor_reject | "always" |',
    "| policy-reject | deliver | reject | reject | reject | reject |",
  ]);
  assert.deepEqual(changed("", "policy.spoof_intelligence = false"), [
    "| spoof_intelligence | false |",
    "| unverified | deliver | deliver | deliver | deliver | quarantine |",
    "| policy-reject | deliver | junk | junk | junk | reject |",
    "| unanswered | deliver | tempfail | tempfail | tempfail | quarantine |",
    "| softpass | deliver | deliver | deliver | deliver | quarantine |",
  ]);
});

test("policy page: which rules act, what set them, and what keeps a reply from being given", () => {
  const page = lines('policy.mode = "enforce"\npolicy.from = "off"\npolicy.enforce.spoof = false').join("\n");
  assert.match(page, /^\| spoof \| no \| policy\.enforce\.spoof \| /m);
  assert.match(page, /^\| ipv6 \| yes \| policy\.mode \| /m);
  assert.match(
    page,
    /^\| from \| no: policy\.from = "off" \| 550 5\.7\.512 Access denied, message must be RFC.5322 section 3\.6\.2 compliant \| /m,
  );
  assert.match(page, /^\| null_mx \| no: policy\.null_mx_inbound = false \| 550 5\.7\.27 /m);
  assert.match(
    page,
    /^\| ipv6 \| yes \| 450 4\.7\.25 Service unavailable, sending IPv6 address \[\{ip\}\] must have reverse DNS record\. \| /m,
  );
});

test("policy page: domains, forwarders' place in the order, and rules in theirs", () => {
  const page = lines(
    '[[domains]]\nname = "a.example"\nipv6 = true\n[[rules]]\nname = "one"\ntext = \'when header subject contains "a|b" then junk\'',
  ).join("\n");
  assert.match(page, /^\| a\.example \| {2}\| accepted \|$/m);
  assert.match(page, /^\| 14 \| forwarder allow \|/m);
  assert.match(page, /^\| 1 \| one \| no \| when header subject contains "a\\\|b" then junk \|$/m);
});

/**
 * The policy as a page an operator can print and compare with another's (house: policy is a table): switches, which rules act, what each
 * refusal says, whose mail is ours, and in what order overrides count. Made of the tables that decide; nothing is said here alone.
 */
import { replies } from "../stamp/smtp-replies.ts";
import { actionLines, cellOf } from "../verdict/action.ts";
import type { Cell } from "../verdict/action-table.ts";
import { printOverrideOrder } from "../verdict/overrides/order.ts";
import { formatRule } from "../verdict/overrides/rule-format.ts";
import type { ReplyId } from "../verdict/reply.ts";
import type { Standing } from "../verdict/verdict.ts";
import { acceptedOf } from "./accepted.ts";
import { type EnforcedRule, enforcedRules, isEnforced } from "./enforced.ts";
import { rulesOf } from "./entries-of.ts";
import { knownKeys } from "./known-keys.ts";
import { policyOf } from "./policy-of.ts";
import type { Config } from "./schema.ts";
import { tomlText, tomlValue } from "./toml-text.ts";

/** Markdown; each fact on a line of its own. */
export function policyText(config: Config): string {
  const parts = [
    "# Policy",
    table(["switch", "value"], switchRows(config)),
    "## Rules",
    table(
      ["rule", "acts", "set by", "what it is about"],
      enforcedRules.map((rule) => ruleRow(config, rule)),
    ),
    "## Actions",
    actionText(config),
    "## Replies",
    table(
      ["rule", "acts", "reply", "when"],
      gateReplies.map((gate) => replyRow(config, gate)),
    ),
    "## Accepted domains",
    domainText(config),
    "## Order of overrides",
    printOverrideOrder(),
    "## Mail flow rules",
    flowText(config),
  ];
  return `${parts.join("\n\n")}\n`;
}

function switchRows({ policy }: Config): readonly (readonly string[])[] {
  return Object.entries(policy).flatMap(([name, value]: [string, unknown]) => {
    if (name === "enforce") return [];
    const written = tomlValue(value);
    return [[name, written === null ? "not set" : tomlText(written)]];
  });
}

function ruleRow({ policy }: Config, rule: EnforcedRule): readonly string[] {
  const by = policy.enforce[rule] === null ? "policy.mode" : `policy.enforce.${rule}`;
  return [rule, acts(policy, rule), by, knownKeys.get(`policy.enforce.${rule}`)?.help ?? ""];
}

/** By what the verdict amounts to, and by the standing of the pair. */
function actionText(config: Config): string {
  const policy = policyOf(config);
  const rows = actionLines().filter(({ preset }) => preset === config.policy.preset);
  return table(
    ["verdict", ...standings],
    rows.map(({ verdict }) => [verdict, ...standings.map((standing) => cellText(cellOf(verdict, standing, policy), config))]),
  );
}

const standings = ["allowed", "good", "unknown", "suspicious", "blocked"] as const satisfies readonly Standing[];

function cellText(cell: Cell, { policy }: Config): string {
  const quarantine = policy.quarantine_action;
  if (cell === "quarantine-action") return quarantine;
  return cell === "weighed-reject" ? `forwarded: junk; adverse fact: reject; else ${quarantine}` : cell.replaceAll("-", " ");
}

type Gate = { readonly rule: EnforcedRule; readonly reply: ReplyId; readonly off?: (policy: Config["policy"]) => string | null };

const gateReplies: readonly Gate[] = [
  { rule: "ipv6", reply: "ipv6-not-accepted" },
  { rule: "ipv6", reply: "ipv6-no-ptr" },
  { rule: "ipv6", reply: "ptr-temporary" },
  { rule: "ipv6", reply: "ipv6-unauthenticated" },
  { rule: "ipv6", reply: "authentication-temporary" },
  {
    rule: "null_mx",
    reply: "sender-null-mx",
    off: ({ null_mx_inbound }) => (null_mx_inbound === false ? "policy.null_mx_inbound = false" : null),
  },
  { rule: "null_mx", reply: "recipient-null-mx" },
  { rule: "from", reply: "from-invalid", off: ({ from }) => (from === "off" ? 'policy.from = "off"' : null) },
  { rule: "from", reply: "from-not-owned" },
  { rule: "blocks", reply: "ip-blocked" },
  { rule: "rules", reply: "rule-refuses" },
  { rule: "dmarc_reject", reply: "dmarc-reject" },
  { rule: "dmarc_reject", reply: "dmarc-temporary" },
];

function replyRow({ policy }: Config, { rule, reply, off }: Gate): readonly string[] {
  const { code, enhanced, text, when } = replies[reply];
  const why = off?.(policy) ?? null;
  return [rule, why === null ? acts(policy, rule) : `no: ${why}`, `${code} ${enhanced} ${text}`, when];
}

function domainText(config: Config): string {
  const rows = acceptedOf(config).map(({ domain, tenant, ipv6 }) => [domain, tenant, ipv6 ? "accepted" : "not opted in"]);
  return rows.length === 0 ? "None: every recipient is ours." : table(["domain", "tenant", "anonymous IPv6"], rows);
}

function flowText(config: Config): string {
  const rows = rulesOf(config).map(({ id, mode, rule }, index) => [
    String(index + 1),
    id,
    mode === "enforce" ? "yes" : "no",
    formatRule(rule),
  ]);
  return rows.length === 0 ? "None." : table(["#", "name", "acts", "rule"], rows);
}

function acts(policy: Config["policy"], rule: EnforcedRule): string {
  return isEnforced(policy, rule) ? "yes" : "no";
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.map(cell).join(" | ")} |`).join("\n");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

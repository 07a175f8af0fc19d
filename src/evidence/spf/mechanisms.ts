/** The mechanisms that ask DNS for addresses: a, mx and exists (RFC 7208 §5.3, §5.4, §5.7). Each answers match, no match, or a reason to stop. */
import { limits } from "../../base/limits.ts";
import type { Answer } from "../../dns/answer.ts";
import { isInNetwork, parseIpv4, parseIpv6 } from "../../mail/ip-address.ts";
import { countVoid, type ErrorReason, type Evaluation, queryAddresses, troubleOf } from "./evaluation.ts";
import { targetName } from "./target-name.ts";

/** Prefix lengths to compare with, by the client's family. */
export type CidrLengths = { readonly bits4: number; readonly bits6: number };

/** RFC 7208 §5.3: the client is among the target's addresses. */
export async function matchA(evaluation: Evaluation, target: string, cidr: CidrLengths): Promise<boolean | ErrorReason> {
  const answer = await queryAddresses(evaluation, target);
  if (answer.status !== "found") return troubleOf(answer) ?? countVoid(evaluation);
  return answer.records.length === 0 ? countVoid(evaluation) : hasClient(evaluation, answer.records, cidr);
}

/** RFC 7208 §5.4: the client is among the addresses of the target's MX hosts. They are asked for at once. */
export async function matchMx(evaluation: Evaluation, target: string, cidr: CidrLengths): Promise<boolean | ErrorReason> {
  const answer = await evaluation.dns.query(target, "MX");
  if (answer.status !== "found") return troubleOf(answer) ?? countVoid(evaluation);
  if (answer.records.length === 0) return countVoid(evaluation);
  // RFC 7208 §4.6.4: more than ten names are a permerror, whichever of them would have matched: DNS does not order its answers.
  if (answer.records.length > limits.spfMxNamesMax) return "mx-limit";
  // RFC 7505: the null MX (".") names no host.
  const hosts = answer.records.map(({ exchange }) => targetName(exchange)).filter((host) => host !== null);
  const answers = await Promise.all(hosts.map((host) => queryAddresses(evaluation, host)));
  // DEVIATION: RFC 7208 §5 would let the first host whose question fails decide; a host that matches does, whatever the order of answers.
  if (answers.some((found) => found.status === "found" && hasClient(evaluation, found.records, cidr))) return true;
  for (const found of answers) {
    const trouble = found.status === "found" ? null : troubleOf(found);
    if (trouble !== null) return trouble;
  }
  return answers.length > 0 && answers.every(isVoid) ? countVoid(evaluation) : false;
}

/** RFC 7208 §5.7: the target has an A record, whatever the client's family. */
export async function matchExists(evaluation: Evaluation, target: string): Promise<boolean | ErrorReason> {
  const answer = await evaluation.dns.query(target, "A");
  if (answer.status !== "found") return troubleOf(answer) ?? countVoid(evaluation);
  return answer.records.length > 0 || countVoid(evaluation);
}

/** Is the client one of these addresses, or in the CIDR block around one? Null compares for equality. */
export function hasClient({ client }: Evaluation, addresses: readonly string[], cidr: CidrLengths | null): boolean {
  const read = client.family === 4 ? parseIpv4 : parseIpv6;
  const bits = client.family === 4 ? (cidr?.bits4 ?? 32) : (cidr?.bits6 ?? 128);
  return addresses.some((text) => {
    const address = read(text);
    return address !== null && isInNetwork(client, address, bits);
  });
}

function isVoid(answer: Answer): boolean {
  return answer.status !== "found" || answer.records.length === 0;
}

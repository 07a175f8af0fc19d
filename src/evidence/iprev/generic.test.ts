import assert from "node:assert/strict";
import { test } from "node:test";
import { parseIpAddress } from "../../mail/ip-address.ts";
import { isGenericName } from "./generic.ts";

const four = "203.0.113.45";
const six = "2001:db8:1:2:3:4:5:6789";
const generic: readonly (readonly [string, string, string?])[] = [
  ["all octets, dashed", "203-0-113-45.isp.example.net"],
  ["all octets, dotted", "203.0.113.45.isp.example.net"],
  ["all octets, underscored", "host_203_0_113_45.isp.example.net"],
  ["reversed, dotted", "45.113.0.203.isp.example.net"],
  ["reversed, dashed", "ip45-113-0-203.isp.example.net"],
  ["letters between", "h203n0n113n45.isp.example.net"],
  ["over several labels", "45-113.203-0.isp.example.net"],
  ["padded, joined", "ip203000113045.isp.example.net"],
  ["padded, dashed", "203-000-113-045.isp.example.net"],
  ["joined as they are", "c203011345.isp.example.net"],
  ["reversed, joined, padded", "045113000203.isp.example.net"],
  ["three octets", "host-0-113-45.isp.example.net"],
  ["the last two, both telling", "h113-45.isp.example.net"],
  ["the last two, reversed", "45.113.isp.example.net"],
  ["hexadecimal", "cb00712d.isp.example.net"],
  ["hexadecimal with a prefix", "ipcb00712d.isp.example.net"],
  ["hexadecimal octets", "cb-00-71-2d.isp.example.net"],
  ["hexadecimal, reversed", "2d7100cb.isp.example.net"],
  ["one decimal number", "3405803821.isp.example.net"],
  ["dyn", "mail.dyn.example.net"],
  ["dyn with a number", "dyn12.example.net"],
  ["dynamic", "dynamic-7.example.net"],
  ["pool", "a1.pool.example.net"],
  ["dhcp", "dhcp4.campus.example.edu"],
  ["static", "static.7.clients.example.net"],
  ["vps", "vps-9f3.example.net"],
  ["vps with a number", "vps123456.example.net"],
  ["adsl", "adsl.example.net"],
  ["ppp", "ppp-3.example.net"],
  ["cable", "cable-1.example.net"],
  ["broadband", "x.broadband.example.net"],
  ["below a public suffix of the private section", "ec2-203-0-113-45.compute-1.amazonaws.com"],
  ["IPv6, padded groups", "2001-0db8-0001-0002-0003-0004-0005-6789.isp.example.net", six],
  ["IPv6, short groups", "2001-db8-1-2-3-4-5-6789.isp.example.net", six],
  ["IPv6, as RFC 5952 writes it", "2001-db8--7.isp.example.net", "2001:db8::7"],
  ["IPv6, joined", "20010db8000100020003000400056789.isp.example.net", six],
  ["IPv6, nibbles reversed", `${"20010db8000100020003000400056789".split("").reverse().join(".")}.isp.example.net`, six],
  ["IPv6, the interface's half", "h0003000400056789.isp.example.net", six],
  ["IPv6, the network's half", "net-2001-0db8-0001-0002.isp.example.net", six],
];
for (const [how, name, ip = four] of generic) {
  test(`design: a generic name (${how}): ${name}`, () => assert.equal(isGenericName(name, address(ip)), true));
}

const chosen: readonly (readonly [string, string, string?])[] = [
  ["an ordinary mail host", "mail.example.com"],
  ["a number that is not the address", "mx12.example.com"],
  ["a rack and a slot", "mx-1-2.example.com", "198.51.1.2"],
  ["one octet", "out45.example.com"],
  ["small octets far apart", "a4.b7.example.com", "192.0.2.4"],
  ["the organization's own name is not looked at", "mail.pool.com"],
  ["the organization itself", "dynamic.com"],
  ["a word inside a word", "mail.poolside.example.com"],
  ["a word inside a word", "gymdynamics.example.com"],
  ["digits in the organization's name", "mail.203-0-113-45.com"],
  ["a sender's own numbering", "a11-12.smtp-out.amazonses.com", "54.240.11.10"],
  ["a provider's numbering", "mail-wr1-f45.google.com", "209.85.221.45"],
  ["four digits that only look like it", "mx1234.example.com", "1.2.3.4"],
  ["zero address", "mail0.example.com", "0.0.0.0"],
  ["IPv6, an ordinary mail host", "mx6.example.com", six],
  ["IPv6, a tail of zeros", "mail-0000000000000001.example.com", "2001:db8::1"],
];
for (const [why, name, ip = four] of chosen) {
  test(`design: a name that was chosen (${why}): ${name}`, () => assert.equal(isGenericName(name, address(ip)), false));
}

test("attack: a name of many numbers that are not the address is not generic", () => {
  assert.equal(isGenericName(`${"71-72-".repeat(40)}3.example`, address("198.51.100.7")), false);
});

function address(text: string) {
  const parsed = parseIpAddress(text);
  assert.ok(parsed !== null);
  return parsed;
}

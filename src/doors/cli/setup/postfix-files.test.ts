/** main.cf and master.cf as Postfix reads them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { expanded, listItems, parseMainCf, parseMasterCf } from "./postfix-files.ts";

test("postconf(5): continued lines, comments between them, the last value of a name", () => {
  const main = parseMainCf("a = 1\n# a = 2\nb =\n\tx,\n\t# y,\n\tz\na = 3\n\nc=\n");
  assert.deepEqual(
    [...main],
    [
      ["a", "3"],
      ["b", "x,  z".replace("  ", " ")],
      ["c", ""],
    ],
  );
});

test("master(5): services with their overrides, in both forms", () => {
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: it is Postfix's own form.
  const services = parseMasterCf(
    "smtp inet n - y - - smtpd\n#x inet n - y - - smtpd\nsubmission inet n - - - - smtpd\n  -o smtpd_milters=$mua_milters\n  -o { mynetworks = 127.0.0.0/8, [::1] }\n  -o a=\n" +
      "mailman unix - n n - - pipe\n  flags=FRX user=list argv=/x/y ${nexthop} ${user}\nbroken inet\n",
  );
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above.
  assert.deepEqual(
    services.map(({ id, chroot, program }) => [id, chroot, program]),
    [
      ["smtp/inet", "y", "smtpd"],
      ["submission/inet", "-", "smtpd"],
      ["mailman/unix", "n", "pipe"],
    ],
  );
  assert.deepEqual(
    [...(services[1]?.overrides ?? [])],
    [
      ["smtpd_milters", "$mua_milters"],
      ["mynetworks", "127.0.0.0/8, [::1]"],
      ["a", ""],
    ],
  );
});

test("lists: braces hold an item together; values are put in place of their names, and no deeper than Postfix would", () => {
  assert.deepEqual(listItems("{ inet:a:1, x=1 }, inet:b:2\tunix:c,,"), ["{ inet:a:1, x=1 }", "inet:b:2", "unix:c"]);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is Postfix's own form.
  const main = parseMainCf("a = $b ${c}\nb = x\nc = $(b)y\nloop = $loop\n");
  assert.equal(expanded("$a $nobody", main), "x xy $nobody");
  assert.equal(expanded("$loop", main), "$loop");
});

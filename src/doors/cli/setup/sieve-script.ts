/**
 * The global Sieve script (RFC 5228): mail that Assay marked as junk goes to Junk. It goes by X-Assay-Report alone, which
 * Assay takes out of all mail that arrives and writes anew, on top; only the topmost is read (RFC 5260, extension index). deploy/dovecot/assay.sieve
 * is this text.
 */
export function sieveScript({ hold }: { readonly hold: boolean }): string {
  return hold ? text.replace(/^ {2}";ACTION:quarantine;.*\n/m, "") : text;
}

const text = `# Files mail that Assay marked as junk into Junk. For Dovecot's sieve_before: it runs before the scripts of
# the mailbox's owner, which see only what stays in the inbox.
#
# Assay takes every field X-Assay-* out of mail that arrives, and writes its own on top. So the first one is
# Assay's, unless mail gets here on a way that passes Assay by. A value in the field holds neither ";" nor a
# blank, so that nothing a sender says can read as a part of its own. The field is folded; where it is, a
# blank stands in front of the part.
#
# junk        to be filed as junk
# quarantine  to be held back, by a server that could not hold it. With milter.hold = true take the line out:
#             what is held and then released belongs into the inbox (assay setup dovecot does so)
# reject      to be refused, by a server that could not refuse it
# What is only observed has ACTION:deliver, and stays; so does mail that could not be decided in time.

require ["fileinto", "mailbox", "index"];

if header :index 1 :contains "X-Assay-Report" [
  ";ACTION:junk;", "; ACTION:junk;",
  ";ACTION:quarantine;", "; ACTION:quarantine;",
  ";ACTION:reject;", "; ACTION:reject;"
] {
  fileinto :create "Junk";
  stop;
}
`;

/**
 * What a mail folder is for, by its name: maildir++ (`.Sent`, `.INBOX.Sent`), directories and mbox files of mail programs. Names of
 * special-use mailboxes (RFC 6154 §2) as servers and programs create them, in the languages we know. A name that says nothing is a
 * folder of mail that came in.
 */
export type FolderUse = "received" | "sent" | "passed-over"; // junk, which is nobody's example; trash and drafts

/** The use of the folder that holds a message: the innermost part of its path that names one. */
export function folderUse(path: string): FolderUse {
  const parts = path.split("/").toReversed();
  for (const part of parts) {
    // Maildir++: levels are parted by dots. An mbox file may have an extension.
    const levels = part.replace(/\.(?:mbox|mbx|eml)$/i, "").split(".");
    for (const level of levels.toReversed()) {
      const name = comparable(level);
      if (sentNames.has(name)) return "sent";
      if (passedOver.has(name)) return "passed-over";
    }
  }
  return "received";
}

function comparable(name: string): string {
  return name
    .toLowerCase()
    .replace(/[\s_-]+/g, " ")
    .trim();
}

function namesOf(...names: readonly string[]): ReadonlySet<string> {
  return new Set(names.map(comparable));
}

// Beyond ASCII in modified UTF-7 (RFC 3501 §5.1.3) and as UTF-8.
const sentNames: ReadonlySet<string> = namesOf(
  ...["sent", "sent items", "sent messages", "sent mail", "gesendet", "gesendete", "gesendete objekte", "gesendete elemente"],
  ...["&aoa-l&aok-ments envoy&aok-s", "envoy&aok-s", "messages envoy&aok-s", "éléments envoyés", "envoyés", "messages envoyés"],
  ...["enviados", "elementos enviados", "itens enviados", "correo enviado", "posta inviata", "inviata", "inviati"],
  ...["verzonden", "verzonden items", "skickat", "skickade", "sendt", "sendte elementer", "wys&auii-ane", "wysłane", "elementy wysłane"],
  ...["&bb4eqgq,bdaepgqyba8eog-", "отправленные", "已发送", "送信済み", "送信済みアイテム"],
);

const passedOver: ReadonlySet<string> = namesOf(
  ...[
    "junk",
    "junk e mail",
    "junk email",
    "junk mail",
    "spam",
    "bulk mail",
    "quarantine",
    "unerwünscht",
    "unerw&apw-nscht",
    "correo no deseado",
  ],
  ...[
    "trash",
    "deleted",
    "deleted items",
    "deleted messages",
    "papierkorb",
    "gelöschte objekte",
    "corbeille",
    "papelera",
    "cestino",
    "prullenbak",
  ],
  ...[
    "drafts",
    "draft",
    "entwürfe",
    "entw&apw-rfe",
    "brouillons",
    "borradores",
    "bozze",
    "concepten",
    "templates",
    "outbox",
    "unsent messages",
  ],
);

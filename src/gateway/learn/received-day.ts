/**
 * Days from the clocks of our own machines: the date of a Received field that our host wrote (RFC 5321 §4.4, RFC 5322 §3.3), and the
 * time stamps of syslog (RFC 3164 §4.1.2, RFC 5424 §6.2.3). Days count from 1970-01-01 UTC. It refuses dates that no calendar has;
 * Date: fields, which strangers write, never come here.
 */

/** The day that a Received field ends with, behind its last semicolon; null where none can be read. */
export function receivedDay(value: string): number | null {
  const text = value.slice(value.lastIndexOf(";") + 1);
  const found = dateTime.exec(text);
  if (found === null) return null;
  const [, day = "", month = "", year = "", hour = "", minute = "", zone = "+0000"] = found;
  const minutes = Number(hour) * 60 + Number(minute) - zoneMinutes(zone);
  return dayOf({ year: Number(year), month: months.indexOf(month.toLowerCase()), day: Number(day) }, minutes);
}

// RFC 5322 §3.3: day month year, time, zone; the day of the week and seconds say nothing more.
const dateTime =
  /(?:^|[\s,])([0-9]{1,2})\s{1,8}([A-Za-z]{3})\s{1,8}([0-9]{4})\s{1,8}([0-9]{2}):([0-9]{2})(?::[0-9]{2})?(?:\s{1,8}([+-][0-9]{4}))?/;

/** The day of a syslog line's time stamp. RFC 3164 has no year: the latest that is not after `referenceDay`, when the file was last written. */
export function syslogDay(stamp: string, referenceDay: number): number | null {
  const full = /^([0-9]{4})-([0-9]{2})-([0-9]{2})T/.exec(stamp);
  if (full !== null) return dayOf({ year: Number(full[1]), month: Number(full[2]) - 1, day: Number(full[3]) }, 0);
  const [, month = "", day = ""] = /^([A-Za-z]{3})\s{1,2}([0-9]{1,2})\s/.exec(stamp) ?? [];
  const index = months.indexOf(month.toLowerCase());
  if (index === -1) return null;
  const written = new Date(referenceDay * msPerDay).getUTCFullYear();
  for (const year of [written + 1, written, written - 1]) {
    const found = dayOf({ year, month: index, day: Number(day) }, 0);
    // Log and file may lie on both sides of midnight.
    if (found !== null && found <= referenceDay + 1) return found;
  }
  return null;
}

/** The day of an mbox's From_ line (RFC 4155 §A): `From ada@contoso.com Fri Nov 21 08:00:00 2025`. */
export function fromLineDay(line: string): number | null {
  const [, month = "", day = "", year = ""] =
    /\s([A-Za-z]{3})\s{1,2}([0-9]{1,2})\s[0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:\s[A-Z]{1,5})?\s([0-9]{4})(?:\s|$)/.exec(line) ?? [];
  return dayOf({ year: Number(year), month: months.indexOf(month.toLowerCase()), day: Number(day) }, 0);
}

const msPerDay = 86_400_000;
const months: readonly string[] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

type CalendarDate = { readonly year: number; readonly month: number; readonly day: number };

function dayOf({ year, month, day }: CalendarDate, minutes: number): number | null {
  const at = Date.UTC(year, month, day);
  const date = new Date(at);
  const exists = month >= 0 && year >= 1970 && date.getUTCMonth() === month && date.getUTCDate() === day;
  return exists && Math.abs(minutes) < 3 * 1440 ? Math.floor((at + minutes * 60_000) / msPerDay) : null;
}

/** RFC 5322 §3.3: hours and minutes east of UTC. */
function zoneMinutes(zone: string): number {
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3));
  return zone.startsWith("-") ? -minutes : minutes;
}

/** What the soak prints: clients by their kind of death, and the host before, during and after. */

/** Lives cut short by a machine that is too slow; with more of them the soak says little. */
const LATE_PART = 0.02;

/** What workers counted. */
export class Clients {
  #kinds;
  died = {};
  late = {};
  failed = {};
  talked = {};

  constructor(kinds) {
    this.#kinds = kinds.map(({ name }) => name);
  }

  add(counts) {
    for (const group of ["died", "late", "failed", "talked"]) {
      for (const [name, count] of Object.entries(counts[group])) this[group][name] = (this[group][name] ?? 0) + count;
    }
  }

  fail(who, why) {
    this.failed[`${who}: ${why}`] = (this.failed[`${who}: ${why}`] ?? 0) + 1;
  }

  wrong() {
    const failed = Object.entries(this.failed).map(([what, count]) => `${count} × ${what}`);
    const missing = this.#kinds.filter((name) => !this.died[name]).map((name) => `nobody died by: ${name}`);
    const [died, late] = [sum(this.died), sum(this.late)];
    const slow = late > died * LATE_PART ? [`${late} lives were cut short: too many clients for this machine`] : [];
    return [...failed, ...missing, ...slow];
  }
}

export const mib = (bytes) => (bytes / (1 << 20)).toFixed(1);

export function print({ clients, seconds, rounds, columns, counters, deaths }) {
  console.log(`\n${clients} clients at once, ${rounds} rounds of ${seconds} s\n`);
  table(["kind of death", "clients"], sorted(deaths.died));
  if (sum(deaths.late) > 0) table(["cut short, this machine was too slow", "clients"], sorted(deaths.late));
  table(["what clients said", "times"], sorted(deaths.talked));
  table(["the host counted", ""], Object.entries(counters).filter(([, value]) => Number.isInteger(value)));
  const names = Object.keys(columns[0][1]).filter((name) => name !== "drain");
  const rows = names.map((name) => [name, ...columns.map(([, column]) => shown(name, column[name]))]);
  rows.push(["seconds until then", ...columns.map(([, column]) => column.drain ?? "")]);
  table(["the host holds", ...columns.map(([name]) => name)], rows);
}

const shown = (name, value) => (["rss", "handler_memory"].includes(name) ? `${mib(value)} MiB` : value);

const sum = (counts) => Object.values(counts).reduce((sum, count) => sum + count, 0);

const sorted = (counts) => [...Object.entries(counts).sort(([, a], [, b]) => b - a), ["together", sum(counts)]];

/** As Markdown. */
function table(head, rows) {
  console.log(`| ${head.join(" | ")} |\n|---|${head.slice(1).map(() => "---:|").join("")}`);
  for (const row of rows) console.log(`| ${row.join(" | ")} |`);
  console.log();
}

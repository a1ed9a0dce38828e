/**
 * Joins the accounts of one run: the provider's ledger, what callers were told, the audit with its events, what the app heard of them.
 * Each rule answers what breaks it, in words; no words, no violation. The numbers I1 to I8 are those of
 * docs/security.md.
 *
 * @typedef {{
 *   history: any[], ledger: any[], living_families: string[],
 *   audit: any[], outbox: any[], grants: any[],
 *   polled: string[], received: { id: string, at: number, said: number }[],
 *   causes: { kind: string, from: number }[], outages: { from: number, to: number }[],
 *   troubles: { kind: string, from: number, to: number }[], jumps: any[],
 * }} Run
 */

/** An attempt at a healthy database takes less, in ms: a kill later than this did not cut it off. */
const LONGEST_ATTEMPT = 3000;
/** Between a lease and the row that a grant died, in ms. */
const WRITTEN_WITHIN = 500;
/** Between an answer's sending and our noticing it, in ms. */
const NOTICED_WITHIN = 250;

/** Between a moment and its row's writing, in ms: for so long a database that is away is waited for. */
const WRITTEN_LATE = 30_000;
/** What a fault does lasts on, in ms. */
const OVER_WITHIN = 2000;
/** A token is fresh for a second here. Another refresh of its grant within half of that is too soon: a machine that stalls makes some. */
const SOON = { within: 500, most: 2 };
/** How far from its own clock a receiver takes a webhook, in ms, by Standard Webhooks. */
const TAKEN_WITHIN = 300_000;

const CHANGES = ['grant.created', 'grant.reauthorized', 'grant.recovered', 'grant.needs_reauth', 'grant.revoked'];
const CONNECTED = CHANGES.slice(0, 3);

/**
 * What has the same name, together.
 * @returns {Map<any, any[]>}
 */
export function grouped(list, by) {
  const groups = new Map();
  for (const one of list) {
    const name = by(one);
    if (groups.has(name)) groups.get(name).push(one);
    else groups.set(name, [one]);
  }
  return groups;
}

/** "3 × this, 1 × that" */
export const counted = (list, by) => [...grouped(list, by)].map(([name, same]) => `${same.length} × ${name}`).join(', ') || 'none';

const repeated = (list, by) => [...grouped(list.filter((one) => by(one)), by)].filter(([, same]) => same.length > 1);
const gone = (run) => run.audit.filter(({ action }) => action === 'grant.needs_reauth');

/** Which grant each of the provider's families belongs to, by the access tokens that callers got. */
function owners({ history, ledger }) {
  const families = new Map(ledger.filter(({ gave }) => gave).map(({ gave, family }) => [gave.access_token, family]));
  const told = history.filter(({ access_token }) => access_token);
  return new Map(told.map(({ access_token, grant }) => [families.get(access_token), grant]));
}

/** I1: what was acknowledged exists, and works in the end. */
function lostConnections({ history, grants }) {
  const kept = new Set(grants.map(({ id }) => id));
  const acknowledged = [...new Set(history.filter(({ kind, status }) => kind === 'connect' && status === 200).map(({ grant }) => grant))];
  const last = new Map(history.filter(({ kind }) => kind === 'token').map((line) => [line.grant, line]));
  return acknowledged.flatMap((grant) => {
    if (!kept.has(grant)) return [`${grant} was acknowledged and is gone`];
    const { status, code } = last.get(grant) ?? {};
    return status === 200 ? [] : [`${grant} gives no token in the end: ${status} ${code}`];
  });
}

/** I2: a refresh token is sent once, and one at a time. */
function doubleSpends({ ledger }) {
  const refreshes = ledger.filter(({ grant_type }) => grant_type === 'refresh_token');
  const twice = repeated(refreshes, ({ refresh_token }) => refresh_token);
  const overlaps = [...grouped(refreshes.filter(({ family }) => family), ({ family }) => family)].flatMap(([family, lines]) =>
    lines.filter((line, index) => index > 0 && line.at < (lines[index - 1].ended_at ?? 0)).map(() => `two refreshes of ${family} at once`));
  return [...twice.map(([token, lines]) => `refresh token ${token} was sent ${lines.length} times`), ...overlaps];
}

/** I3: a code is sent once, a session makes one grant. */
function doubleCodes({ ledger, audit }) {
  const codes = repeated(ledger, ({ code }) => code);
  const sessions = repeated(audit.filter(({ action }) => CONNECTED.includes(action)), ({ detail }) => detail.session_id);
  return [...codes.map(([code]) => `code ${code} was sent twice`), ...sessions.map(([session]) => `${session} connected twice`)];
}

/**
 * I5: after an acknowledged revocation nobody gets a token, here or at the provider. That one is not told any more
 * of a grant that was connected again before it was: it could end what is new.
 */
function afterRevocation(run) {
  const { history, audit, ledger, living_families } = run;
  const families = [...owners(run)].map(([family, grant]) => ({ family, grant, since: ledger.find((line) => line.family === family && line.code)?.at }));
  return history.filter(({ kind, status }) => kind === 'revoke' && status === 200).flatMap(({ grant, end }) => {
    const rows = audit.filter(({ subject }) => subject === grant);
    const revoked = rows.findLast(({ action, at }) => action === 'grant.revoked' && at <= end)?.at ?? end;
    const revived = rows.find(({ action, at }) => CONNECTED.includes(action) && at >= revoked)?.at ?? Infinity;
    const late = history.filter((line) => line.grant === grant && line.kind === 'token' && line.status === 200
      && line.end < revived && (line.start > end || line.end > end + NOTICED_WITHIN));
    // Of the connection that was revoked. Earlier ones are overtaken, or died by an unknown outcome.
    const changes = rows.filter(({ action }) => CHANGES.includes(action));
    const made = changes.findLastIndex(({ action, at }) => CONNECTED.includes(action) && at <= revoked);
    const before = changes[made - 1]?.at ?? -Infinity;
    const last = families.filter((one) => one.grant === grant && one.since > before && one.since < revoked).sort((a, b) => b.since - a.since)[0];
    const isOvertaken = revived < Infinity && !rows.some(({ action, at }) => action === 'grant.provider_told' && at >= revoked && at <= revived);
    return [
      ...late.map((line) => `${grant} gave a token ${line.end - end} ms after its revocation`),
      ...(last && !isOvertaken && living_families.includes(last.family) ? [`${grant} is revoked, its tokens ${last.family} live on`] : []),
    ];
  });
}

/** Why a grant must be connected again: `cut` and `kill` cost the outcome of an attempt. Nothing else may. */
export function causeOf(run, row) {
  const { ledger, causes, outages, history } = run;
  if (row.detail.reason === 'invalid_grant') {
    const cutOff = history.some(({ kind, grant, status, start }) => kind === 'revoke' && grant === row.subject && status !== 200 && start <= row.at);
    return cutOff ? 'revocation cut off' : undefined;
  }
  if (row.detail.reason !== 'outcome_unknown') return undefined;
  const families = new Set([...owners(run)].filter(([, grant]) => grant === row.subject).map(([family]) => family));
  const last = ledger.findLast(({ family, at }) => families.has(family) && at <= row.at);
  // The age is told in whole seconds, and the row is written a little after it was reckoned.
  const latest = row.at - row.detail.attempt_age * 1000;
  const began = latest - 1000 - WRITTEN_WITHIN;
  if (last?.cut) return 'cut';
  // What a caller was told had been stored before.
  if (last?.at >= latest && history.some(({ access_token }) => access_token === last.gave?.access_token)) return undefined;
  const waited = outages.filter(({ from, to }) => from < began + LONGEST_ATTEMPT + 1000 && to > began).map(({ to }) => to);
  const ended = Math.max(latest, ...waited) + LONGEST_ATTEMPT;
  return causes.some(({ kind, from }) => kind === 'kill' && from >= began && from <= ended) ? 'kill' : undefined;
}

/** I6: a grant dies of an unknown outcome whose cause is known, and of nothing else. */
function lostWithoutCause(run) {
  return gone(run).filter((row) => !causeOf(run, row)).map((row) => `${row.subject} was lost without cause: ${JSON.stringify(row.detail)}`);
}

/** Refreshes of a grant that was refreshed just before. */
function tooSoon({ ledger }) {
  const refreshes = ledger.filter(({ grant_type, gave }) => grant_type === 'refresh_token' && gave);
  return [...grouped(refreshes, ({ family }) => family)].flatMap(([family, lines]) =>
    lines.map(({ at }, index) => ({ family, after: at - lines[index - 1]?.at })).filter(({ after }) => after < SOON.within));
}

/** Clocks that are wrong, or apart, make no server doubt a token that another one just got. */
function storms(run) {
  const soon = tooSoon(run);
  return soon.length > SOON.most ? soon.map(({ family, after }) => `${family} was refreshed again after ${after} ms`) : [];
}

/** A connection fails while something is broken, and for no clock. */
function refusedConnections({ history, troubles }) {
  const refused = history.filter(({ kind, status }) => kind === 'connect' && status !== 200);
  return refused.filter(({ start, end }) => !troubles.some(({ from, to }) => from <= end && to + OVER_WITHIN >= start))
    .map(({ user, code }) => `${user} was not connected: ${code}`);
}

/** Whoever writes, the moments are those of one clock: rows in the order of their writing don't go back in time. */
function momentsGoneBack({ audit }) {
  let latest = -Infinity;
  return audit.flatMap(({ at, action, subject }) => {
    latest = Math.max(latest, at);
    return latest - at > WRITTEN_LATE ? [`${action} of ${subject} is ${latest - at} ms before a row that was written earlier`] : [];
  });
}

/** The strict provider refuses a refresh token for one reason: it was ours no longer. */
function refusals(run) {
  const families = owners(run);
  return run.ledger.filter(({ error }) => error).flatMap((line) => {
    const grant = families.get(line.family);
    const ended = run.history.some(({ kind, grant: revoked, start }) => kind === 'revoke' && (!grant || revoked === grant) && start <= line.ended_at);
    return ended ? [] : [`the provider refused ${line.grant_type}: ${line.error} (${grant})`];
  });
}

/** I7: a user's one account keeps its one grant. */
function changedIds({ history, grants }) {
  const connected = history.filter(({ kind, status }) => kind === 'connect' && status === 200);
  const users = [...grouped(connected, ({ user }) => user)];
  const several = users.filter(([, lines]) => new Set(lines.map(({ grant }) => grant)).size > 1);
  const accounts = new Set(grants.map(({ account }) => account));
  return [...several.map(([user]) => `${user} has several grants`), ...(accounts.size > 1 ? ['a grant has another account'] : [])];
}

/** I8: each change of state has one row, each row its event, and the rows lead to the state that is stored. */
function brokenJournal({ audit, outbox, grants, history }) {
  const status = { 'grant.needs_reauth': 'needs_reauth', 'grant.revoked': 'revoked' };
  return grants.flatMap(({ id, status: stored }) => {
    const rows = audit.filter(({ subject }) => subject === id);
    const changes = rows.filter(({ action }) => CHANGES.includes(action));
    const events = outbox.filter(({ grant_id }) => grant_id === id);
    const broken = [];
    for (const kind of CHANGES) {
      const [told, written] = [events, changes].map((list) => list.filter((one) => (one.kind ?? one.action) === kind).length);
      if (told !== written) broken.push(`${id}: ${written} rows and ${told} events of ${kind}`);
    }
    let now = 'none';
    for (const { action } of changes) {
      const next = status[action] ?? 'active';
      const fits = action === 'grant.reauthorized' ? now === 'active' : next !== now && (action === 'grant.created') === (now === 'none');
      if (!fits) broken.push(`${id}: ${action} while ${now}`);
      now = next;
    }
    if (now !== stored) broken.push(`${id}: stored as ${stored}, the rows say ${now}`);
    const read = history.filter(({ kind, grant, status: answered }) => kind === 'token' && grant === id && answered === 200).length;
    const readRows = rows.filter(({ action }) => action === 'token.read').length;
    if (readRows < read) broken.push(`${id}: ${read} tokens told, ${readRows} rows`);
    return broken;
  });
}

/** I8: what a caller was told to have changed has its one row. */
function unwrittenChanges({ history, audit }) {
  const changes = audit.filter(({ action }) => CHANGES.includes(action));
  const rowsOf = grouped(changes, ({ subject }) => subject);
  const told = history.filter(({ status }) => status === 200);
  const connected = told.filter(({ kind }) => kind === 'connect').flatMap(({ session, grant }) => {
    const written = changes.filter(({ action, detail }) => CONNECTED.includes(action) && detail.session_id === session).length;
    return written === 1 ? [] : [`${grant}: ${session} connected it, ${written} rows say so`];
  });
  const revoked = told.filter(({ kind }) => kind === 'revoke').flatMap(({ grant, start, end }) => {
    const rows = rowsOf.get(grant) ?? [];
    const isWritten = rows.some(({ action, at }, index) => action === 'grant.revoked' && at <= end + NOTICED_WITHIN
      && (rows[index + 1]?.at ?? Infinity) >= start);
    return isWritten ? [] : [`${grant} was revoked, no row says so`];
  });
  return [...connected, ...revoked];
}

/** I8: a poller hears of each event once, in their order; a receiver at least once, and at a time that it believes. */
function missedEvents({ outbox, polled, received }) {
  const written = outbox.map(({ id }) => id);
  const delivered = new Set(received.map(({ id }) => id));
  return [
    ...(written.join() === polled.join() ? [] : [`${written.length} events, ${polled.length} polled, or in another order`]),
    ...written.filter((id) => !delivered.has(id)).map((id) => `${id} was not delivered`),
    ...received.filter(({ at, said }) => Math.abs(at - said) > TAKEN_WITHIN).map(({ id, at, said }) => `${id} says that it was sent ${at - said} ms before it came`),
  ];
}

/** Whatever goes wrong, a backend gets a token, a typed refusal or a 503: nothing else. */
const EXPECTED = [0, 200, 409, 503];
const strangeAnswers = ({ history }) => history.filter(({ kind, status }) => kind !== 'connect' && !EXPECTED.includes(status))
  .map(({ kind, status, code }) => `${kind} was answered ${status} ${code}`);

export const RULES = {
  'acknowledged connections lost': lostConnections,
  'refresh tokens sent twice': doubleSpends,
  'codes sent twice': doubleCodes,
  'tokens after an acknowledged revocation': afterRevocation,
  'grants lost without cause': lostWithoutCause,
  'refusals by the provider': refusals,
  'refresh storms': storms,
  'connections refused without cause': refusedConnections,
  'moments gone back': momentsGoneBack,
  'grant ids changed': changedIds,
  'rows or events missing': brokenJournal,
  'changes told without a row': unwrittenChanges,
  'events missed': missedEvents,
  'answers that nobody should get': strangeAnswers,
};

/**
 * @param {Run} run
 * @returns {Record<string, string[]>} by rule, what breaks it
 */
export const violations = (run) => Object.fromEntries(Object.entries(RULES).map(([name, rule]) => [name, rule(run)]));

/** @param {Run} run */
export function figures(run) {
  const { history, ledger, outbox, received } = run;
  const refreshes = ledger.filter(({ grant_type, gave }) => grant_type === 'refresh_token' && gave);
  const spends = [...grouped(refreshes, ({ refresh_token }) => refresh_token).values()].map((lines) => lines.length);
  const calls = history.filter(({ kind }) => kind === 'token');
  return {
    'token calls': counted(calls, ({ status, code }) => (status === 200 ? '200' : `${status || 'none'} ${code}`)),
    'clock jumps': run.jumps.length,
    'connections acknowledged': history.filter(({ kind, status }) => kind === 'connect' && status === 200).length,
    'revocations acknowledged': history.filter(({ kind, status }) => kind === 'revoke' && status === 200).length,
    refreshes: refreshes.length,
    'spends per refresh token': Math.max(0, ...spends),
    'token requests while the provider failed': ledger.filter(({ failed }) => failed).length,
    [`refreshes within ${SOON.within} ms of another`]: tooSoon(run).length,
    'refreshes whose answer nobody took': refreshes.filter(({ status, cut }) => cut || status === undefined).length,
    'grants to connect again, by cause': counted(gone(run), (row) => causeOf(run, row) ?? 'none'),
    'events, deliveries': `${outbox.length}, ${received.length}`,
  };
}

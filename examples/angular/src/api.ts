/** The app's own backend (examples/backend-node or backend-python). */
import type { Connection } from '@grantway/connect';

export const baseURL = document.querySelector<HTMLMetaElement>('meta[name=grantway]')!.content;

const post = (path: string, body: object) =>
  fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

/** A session token for a new account or, with a grant's id, for exactly that one. */
export async function mint(grant_id?: string): Promise<string> {
  const answer = await post('/api/connect', { grant_id });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.detail);
  return told.session_token;
}

export const listConnections = async (): Promise<Connection[]> => (await fetch('/api/connections')).json();

/** What the provider says of the account, or the problem. */
export const tryConnection = async (
  grant_id: string,
): Promise<{ works_as?: string; code?: string; detail?: string }> => (await post('/api/use', { grant_id })).json();

/** Anyone can finish a session of their own and send its link: what counts is what the backend lists for this user. */
export function wordsFor({ grant_id, provider_name, account_identifier, operation }: Connection, connections: Connection[]) {
  if (!connections.some((listed) => listed.grant_id === grant_id)) return 'This connection belongs to another user';
  return `${operation === 'reauth' ? 'Reconnected' : 'Connected'} ${provider_name} as ${account_identifier}`;
}

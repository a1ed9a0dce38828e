/** The app's own backend (examples/backend-node or backend-python). */
export const baseURL = document.querySelector('meta[name=grantway]').content;

const post = (path, body) =>
  fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

/** A session token for a new account or, with a grant's id, for exactly that one. */
export const mint = async (grant_id) => {
  const answer = await post('/api/connect', { grant_id });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.detail);
  return told.session_token;
};

export const listConnections = async () => (await fetch('/api/connections')).json();

/** What the provider says of the account, or the problem. */
export const tryConnection = async (grant_id) => (await post('/api/use', { grant_id })).json();

/** Anyone can finish a session of their own and send its link: what counts is what the backend lists for this user. */
export const wordsFor = ({ grant_id, provider_name, account_identifier, operation }, connections) => {
  if (!connections.some((listed) => listed.grant_id === grant_id)) return 'This connection belongs to another user';
  return `${operation === 'reauth' ? 'Reconnected' : 'Connected'} ${provider_name} as ${account_identifier}`;
};

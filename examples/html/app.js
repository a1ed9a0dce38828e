/** A page without a framework: the custom element for new accounts, `Grantway.create()` for those to repair. */
const button = document.querySelector('grantway-connect');
const status = document.querySelector('[role=status]');
const list = document.querySelector('ul');
const grantway = Grantway.create();

const say = (text) => {
  status.textContent = text;
};

const post = (path, body) =>
  fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

async function connected({ grant_id, provider_name, account_identifier, operation }) {
  const connections = await showConnections();
  // Anyone can finish a session of their own and send its link: what counts is what the backend lists for this user.
  if (!connections.some((listed) => listed.grant_id === grant_id)) return say('This connection belongs to another user');
  say(`${operation === 'reauth' ? 'Reconnected' : 'Connected'} ${provider_name} as ${account_identifier}`);
}

const failed = ({ message }) => say(`Nothing was connected: ${message}`);
const left = () => say('You left before anything was connected');

async function mintFor(grant_id) {
  const answer = await post('/api/connect', { grant_id });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.detail);
  return told.session_token;
}

async function use({ grant_id }, item) {
  const answer = await post('/api/use', { grant_id });
  const told = await answer.json();
  if (answer.ok) return say(`Works as ${told.works_as}`);
  say(told.detail);
  if (told.code === 'credential_revoked' && item.querySelectorAll('button').length === 1) {
    const token = () => mintFor(grant_id);
    const reconnect = () => grantway.open({ token, onSuccess: connected, onError: failed, onExit: left });
    item.append(buttonFor('Reconnect', reconnect));
  }
}

function buttonFor(label, press) {
  const made = document.createElement('button');
  made.type = 'button';
  made.textContent = label;
  made.addEventListener('click', press);
  return made;
}

async function showConnections() {
  const connections = await (await fetch('/api/connections')).json();
  list.replaceChildren(
    ...connections.map((connection) => {
      const item = document.createElement('li');
      item.append(`${connection.provider_name} ${connection.account_identifier} `);
      item.append(buttonFor('Use it', () => use(connection, item)));
      return item;
    }),
  );
  return connections;
}

button.addEventListener('success', ({ detail }) => connected(detail.connection));
button.addEventListener('error', ({ detail }) => failed(detail));
button.addEventListener('exit', left);
showConnections();

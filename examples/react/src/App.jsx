import { useGrantway } from '@grantway/connect/react';
import { useCallback, useEffect, useState } from 'react';

import { baseURL, listConnections, mint, tryConnection, wordsFor } from './api.js';

export function App() {
  const [said, say] = useState('');
  const [connections, setConnections] = useState([]);
  // The grant that has to be connected again.
  const [dead, setDead] = useState();

  const refresh = useCallback(async () => {
    const listed = await listConnections();
    setConnections(listed);
    return listed;
  }, []);
  useEffect(() => {
    refresh();
  }, [refresh]);

  const { open } = useGrantway({
    baseURL,
    onSuccess: async (connection) => {
      setDead(undefined);
      say(wordsFor(connection, await refresh()));
    },
    onError: ({ message }) => say(`Nothing was connected: ${message}`),
    onExit: () => say('You left before anything was connected'),
  });

  const use = async (grant_id) => {
    const { works_as, code, detail } = await tryConnection(grant_id);
    if (code === 'credential_revoked') setDead(grant_id);
    say(works_as ? `Works as ${works_as}` : detail);
  };

  return (
    <>
      <h1>Acme Notes (React)</h1>
      <button onClick={() => open({ token: () => mint() })}>Connect an account</button>
      <p role="status">{said}</p>
      <h2 id="connections">Your connections</h2>
      <ul aria-labelledby="connections">
        {connections.map(({ grant_id, provider_name, account_identifier }) => (
          <li key={grant_id}>
            {provider_name} {account_identifier} <button onClick={() => use(grant_id)}>Use it</button>
            {dead === grant_id && <button onClick={() => open({ token: () => mint(grant_id) })}>Reconnect</button>}
          </li>
        ))}
      </ul>
    </>
  );
}

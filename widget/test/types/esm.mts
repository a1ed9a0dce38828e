/** What an app writes; checked by the compiler, run by nobody. */
import Grantway, { type Connection } from '@grantway/connect';
import '@grantway/connect/element';
import { explain } from '@grantway/connect/explain';
import { useGrantway } from '@grantway/connect/react';
import { useGrantway as useInVue } from '@grantway/connect/vue';

const show = (connection: Connection): string => connection.account.handle ?? connection.account_identifier ?? '';

const grantway = Grantway.create({ baseURL: 'https://connect.acme.com', debug: explain });
grantway.on('success', (connection, connections, { late }) => [show(connection), connections.length, late]);
grantway.open({ token: async () => 'gws_…', onError: ({ code, details }) => [code, details?.reason] });

// @ts-expect-error an account's id may be missing
const id: string = ({} as Connection).account.id;
// @ts-expect-error there is no such mode
grantway.open({ token: 'gws_…', mode: 'window' });

document.createElement('grantway-connect').token = () => 'gws_…';
for (const use of [useGrantway, useInVue]) {
  use({ baseURL: '', onSuccess: (connection, _all, { late }) => [show(connection), late] }).open({ token: id });
}

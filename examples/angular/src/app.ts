import { CUSTOM_ELEMENTS_SCHEMA, Component, signal } from '@angular/core';
import type { Connection, GrantwayError } from '@grantway/connect';

import { baseURL, listConnections, mint, tryConnection, wordsFor } from './api';

@Component({
  selector: 'app-root',
  schemas: [CUSTOM_ELEMENTS_SCHEMA],
  template: `
    <h1>Acme Notes (Angular)</h1>
    <grantway-connect
      [attr.base-url]="baseURL"
      [token]="mint"
      (success)="connected($event)"
      (error)="failed($event)"
      (exit)="left()"
    >
      <button type="button">Connect an account</button>
    </grantway-connect>
    <p role="status">{{ said() }}</p>
    <h2 id="connections">Your connections</h2>
    <ul aria-labelledby="connections">
      @for (connection of connections(); track connection.grant_id) {
        <li>
          {{ connection.provider_name }} {{ connection.account_identifier }}
          <button type="button" (click)="use(connection)">Use it</button>
          @if (dead() === connection.grant_id) {
            <grantway-connect
              [attr.base-url]="baseURL"
              [token]="mintAgain"
              (success)="connected($event)"
              (error)="failed($event)"
              (exit)="left()"
            >
              <button type="button">Reconnect</button>
            </grantway-connect>
          }
        </li>
      }
    </ul>
  `,
})
export class App {
  protected readonly baseURL = baseURL;
  protected readonly said = signal('');
  protected readonly connections = signal<Connection[]>([]);
  /** The grant that has to be connected again. */
  protected readonly dead = signal('');

  protected readonly mint = () => mint();
  protected readonly mintAgain = () => mint(this.dead());

  constructor() {
    this.refresh();
  }

  protected async connected(event: Event) {
    const { connection } = (event as CustomEvent<{ connection: Connection }>).detail;
    this.dead.set('');
    await this.refresh();
    this.said.set(wordsFor(connection, this.connections()));
  }

  protected failed(event: Event) {
    this.said.set(`Nothing was connected: ${(event as CustomEvent<GrantwayError>).detail.message}`);
  }

  protected left() {
    this.said.set('You left before anything was connected');
  }

  protected async use({ grant_id }: Connection) {
    const { works_as, code, detail } = await tryConnection(grant_id);
    if (code === 'credential_revoked') this.dead.set(grant_id);
    this.said.set(works_as ? `Works as ${works_as}` : (detail ?? ''));
  }

  private async refresh() {
    this.connections.set(await listConnections());
  }
}

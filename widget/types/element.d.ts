import type { Connection, EventMetadata, EventName, Exit, GrantwayError, Token } from './index.js';

export interface GrantwayConnectEvents {
  success: CustomEvent<{ connection: Connection; connections: Connection[]; late: boolean }>;
  error: CustomEvent<GrantwayError>;
  exit: CustomEvent<Exit>;
  event: CustomEvent<EventMetadata & { name: EventName }>;
}

/** Attributes: `base-url`, `token-url`, `mode`, `stay-if-blocked`, `debug`. */
export declare class GrantwayConnect extends HTMLElement {
  token?: Token;
}

declare global {
  interface HTMLElementTagNameMap {
    'grantway-connect': GrantwayConnect;
  }
}

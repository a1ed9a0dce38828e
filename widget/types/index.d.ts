/** A session token: text, a promise of it, or a function that mints one and is called in the click. */
export type Token = string | Promise<string> | (() => string | Promise<string>);

/** What a frontend may know of a grant. No token is in it. */
export interface Connection {
  /** A UUID; stays the same when the account is connected again. */
  grant_id: string;
  /** The provider's id, such as `github`. */
  provider: string;
  provider_name: string;
  /** For people; the provider may tell none. */
  account_identifier: string | null;
  /** As far as the provider tells. */
  account: { id: string | null; email: string | null; name: string | null; handle?: string };
  /** Whom the session was minted for: compare it with your signed-in user. */
  user: { id: string; email?: string; name?: string };
  scopes: string[];
  /** Asked for, but not granted. */
  scopes_missing: string[];
  status: 'active' | 'needs_reauth' | 'revoked';
  operation: 'creation' | 'reauth';
  /** ISO 8601, UTC. */
  timestamp: string;
  metadata: Record<string, string>;
}

/** The codes of `docs/api.md`. More may come. */
export type ErrorCode =
  | 'access_denied'
  | 'account_mismatch'
  | 'admin_approval_required'
  | 'destroyed'
  | 'grant_ended'
  | 'invalid_options'
  | 'invalid_token'
  | 'origin_not_allowed'
  | 'popup_blocked'
  | 'provider_error'
  | 'provider_unavailable'
  | 'scopes_missing'
  | 'user_deleted'
  | (string & {});

export interface GrantwayError {
  /** Stable. */
  code: ErrorCode;
  /** For people. */
  message: string;
  details?: { reason?: 'expired' | 'used' | 'unknown' };
}

/** How far a session has come. */
export type Stage = 'minted' | 'picking' | 'at_provider' | 'working' | 'troubled' | 'finished';

export interface Exit {
  stage: Stage;
  provider?: string;
}

export type EventName = 'OPEN' | 'PROVIDER_SELECTED' | 'OAUTH_STARTED' | 'OAUTH_COMPLETE' | 'ERROR' | 'EXIT';

/** For logs and analytics; nothing of the account is in it. */
export interface EventMetadata {
  /** Milliseconds since 1970 by the browser's clock. */
  time: number;
  session_id?: string;
  stage?: Stage;
  provider?: string;
  /** With `ERROR`; `popup_blocked` is followed by a redirect, unless you said `stayIfBlocked`. */
  error?: GrantwayError;
  late?: boolean;
}

export interface Callbacks {
  /** The connection just made, and all of the session's. */
  onSuccess?: (connection: Connection, connections: Connection[]) => void;
  onError?: (error: GrantwayError) => void;
  onExit?: (exit: Exit) => void;
  onEvent?: (name: EventName, metadata: EventMetadata) => void;
}

export interface OpenOptions extends Callbacks {
  token: Token;
  /** Otherwise the device decides. */
  mode?: 'popup' | 'redirect';
  /** Tell `popup_blocked` as an error instead of going on by redirect. */
  stayIfBlocked?: boolean;
}

export interface CreateOptions {
  /** Grantway's public URL, such as `https://connect.acme.com`. */
  baseURL: string;
  /** `explain` of `@grantway/connect/explain`: names the directive that a policy of your page lacks. */
  debug?: Explain;
}

export type Explain = (attempt: object, base: string) => void;

export interface Handlers {
  /** `late`: after the click had been settled by an exit. `undefined` for a redirect that came back. */
  success: (connection: Connection, connections: Connection[], about: { late?: boolean }) => void;
  error: (error: GrantwayError) => void;
  exit: (exit: Exit) => void;
  event: (name: EventName, metadata: EventMetadata) => void;
}

export interface Instance {
  /**
   * Opens a window in the click, or leaves by redirect. While one is open, it is focused instead.
   *
   * @throws `invalid_options` without a token, `destroyed` after `destroy()`
   */
  open(options: OpenOptions): void;
  /** Closes the window; the click is settled as an exit, or as what had gone wrong. */
  close(): void;
  /** Closes the window without a word and forgets all handlers. */
  destroy(): void;
  /** Hears of every outcome, and of the one that a redirect came back with: it waits for the first handler. */
  on<Kind extends keyof Handlers>(kind: Kind, handler: Handlers[Kind]): Promise<void>;
  off<Kind extends keyof Handlers>(kind: Kind, handler: Handlers[Kind]): void;
  /** Whether an outcome is still to come. */
  isOpen(): boolean;
  getVersion(): string;
}

declare const Grantway: { create(options: CreateOptions): Instance };
export default Grantway;

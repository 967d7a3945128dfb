import { Agent, type RequestOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect } from 'node:tls';

/** The server has another certificate than the one that was pinned; nothing was sent to it. */
export class WrongCertificate extends Error {
  readonly code = 'WRONG_CERTIFICATE';
}

/** With neither, the certificate has to be signed by an authority that Node knows. */
export interface Trust {
  fingerprint?: string | undefined;
  /** PEM. */
  ca?: string | undefined;
}

/** `AA:BB:…` and `aabb…` alike. */
export const plainFingerprint = (text: string): string => text.replaceAll(':', '').toLowerCase();

type Created = (error: Error | null, stream: Duplex) => void;

/**
 * Connections to a server with the one certificate whose SHA-256 is pinned, as
 * Proxmox signs its own. The socket is handed to the request only after the
 * check: given earlier, what is written to it, the token first, would leave with
 * the end of the handshake.
 */
class PinnedAgent extends Agent {
  readonly #fingerprint: string;

  constructor(fingerprint: string) {
    super({ keepAlive: false });
    this.#fingerprint = plainFingerprint(fingerprint);
  }

  // Node calls it with the callback, and takes the socket from there when nothing is returned.
  override createConnection(options: RequestOptions, created: Created = () => undefined): undefined {
    // The chain says nothing about a certificate that is known by its fingerprint.
    const socket = connect({ ...(options as ConnectionOptions), rejectUnauthorized: false });
    const fail = (error: Error) => created(error, socket);
    socket.once('error', fail);
    socket.once('secureConnect', () => {
      socket.off('error', fail);
      if (plainFingerprint(socket.getPeerCertificate().fingerprint256 ?? '') === this.#fingerprint) {
        created(null, socket);
        return;
      }
      socket.destroy();
      created(new WrongCertificate('The certificate is not the pinned one'), socket);
    });
  }
}

// A connection of its own for every request: none is ever found closed by the
// server just as a change that must not be sent twice is being sent on it.
export const createAgent = ({ fingerprint, ca }: Trust): Agent =>
  fingerprint === undefined
    ? new Agent({ keepAlive: false, ...(ca === undefined ? {} : { ca }) })
    : new PinnedAgent(fingerprint);

// Lets comlink talk over node:worker_threads ports, which lack the DOM's addEventListener with `data`.
import type { MessagePort, Transferable, Worker } from "node:worker_threads";
import type { Endpoint } from "comlink";

type Listener = (event: { readonly data: unknown }) => void;

/** Wraps a port or a worker as a comlink endpoint. */
export function nodeEndpoint(port: MessagePort | Worker): Endpoint {
  const wrapped = new Map<unknown, (data: unknown) => void>();
  const endpoint = {
    postMessage: (message: unknown, transfer?: Transferable[]) => port.postMessage(message, transfer),
    addEventListener: (_type: string, listener: Listener | { handleEvent: Listener }) => {
      const call = typeof listener === "function" ? listener : listener.handleEvent.bind(listener);
      const wrap = (data: unknown): void => call({ data });
      wrapped.set(listener, wrap);
      port.on("message", wrap);
    },
    removeEventListener: (_type: string, listener: unknown) => {
      const wrap = wrapped.get(listener);
      if (wrap !== undefined) port.off("message", wrap);
      wrapped.delete(listener);
    },
    start: () => (port as Partial<MessagePort>).start?.(),
  };
  return endpoint as unknown as Endpoint;
}

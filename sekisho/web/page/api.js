// Speaking to the interface: the token, requests, and the stream of states.

const KEY = "sekisho-token";
const SILENCE_MS = 25000; // the other side beats every ten seconds
const LONGEST_PAUSE_MS = 8000;

/** Take the token out of the address, so that no projector shows it. */
export function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, "", location.pathname + location.search);
  }
}

const headers = () => ({ authorization: `Bearer ${sessionStorage.getItem(KEY) ?? ""}` });

/** An answer that is no success; `status` 0 where nobody answered. */
export class Refused extends Error {
  constructor(status, answer) {
    super(answer?.error ?? String(status));
    this.status = status;
    this.refusals = answer?.refusals ?? [];
  }
}

/** Ask for *path*; with a *body*, post it. */
export async function ask(path, body) {
  const request = body === undefined ? { headers: headers() } : {
    method: "POST",
    headers: { ...headers(), "content-type": "application/json" },
    body: JSON.stringify(body),
  };
  let response, answer;
  try {
    response = await fetch(`/api${path}`, request);
    answer = await response.json();
  } catch {
    throw new Refused(response?.status ?? 0, { error: "no answer" });
  }
  if (!response.ok) throw new Refused(response.status, answer);
  return answer;
}

/** Hand every state to *onState* for ever; *onLink* is told "ok", "lost" or "token". */
export async function follow(onState, onLink) {
  let pause = 500;
  for (;;) {
    const stop = new AbortController();
    const giveUp = () => stop.abort();
    window.addEventListener("offline", giveUp);
    try {
      await read(stop, (state) => {
        pause = 500;
        onLink("ok");
        onState(state);
      });
      onLink("lost");
    } catch (error) {
      onLink(error instanceof Refused && error.status === 401 ? "token" : "lost");
    } finally {
      window.removeEventListener("offline", giveUp);
    }
    await new Promise((done) => setTimeout(done, pause));
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }
}

async function read(stop, onState) {
  let timer;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => stop.abort(), SILENCE_MS);
  };
  alive();
  try {
    const response = await fetch("/api/events", { headers: headers(), signal: stop.signal });
    if (!response.ok) throw new Refused(response.status, {});
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      alive();
      text += value;
      const events = text.split("\n\n");
      text = events.pop();
      for (const event of events) {
        const data = event.split("\n").find((line) => line.startsWith("data: "));
        if (data) onState(JSON.parse(data.slice(6)));
      }
    }
  } finally {
    clearTimeout(timer);
  }
}

// One stream for all tabs of a browser: HTTP/1.1 allows six connections per host, and a seventh tab would hang.
"use strict";

const ports = new Set();
let stream = null;
let state = "lost";

function tell(message) {
  for (const port of ports) port.postMessage(message);
}

function become(next) {
  if (next === state) return;
  state = next;
  tell({ kind: "state", state });
}

function open() {
  if (stream && stream.readyState !== EventSource.CLOSED) return;
  stream = new EventSource("/console/live");
  stream.onopen = () => become("on");
  stream.onerror = () => {
    become("lost");
    // A refused stream (busy, or the server restarting behind a proxy) is not tried again by the browser.
    if (stream.readyState === EventSource.CLOSED && ports.size) setTimeout(open, 5000);
  };
  stream.addEventListener("rows", (event) => {
    become("on");
    tell({ kind: "rows", rows: JSON.parse(event.data) });
  });
  stream.addEventListener("beat", () => tell({ kind: "beat" }));
  stream.addEventListener("ended", () => {
    stream.close();
    become("ended");
  });
}

self.onconnect = (event) => {
  const port = event.ports[0];
  ports.add(port);
  port.onmessage = (message) => {
    if (message.data === "bye") {
      ports.delete(port);
      if (!ports.size && stream) stream.close();
    }
  };
  open();
  port.postMessage({ kind: "state", state });
};

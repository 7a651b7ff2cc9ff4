// Shows how an order goes on while it is looked at. Without this, the page asks for itself anew.
const place = document.getElementById("progress");
const source = new EventSource(place.dataset.live);

source.addEventListener("progress", (event) => {
  // Made by the server from the template of the page itself, with everything escaped.
  place.innerHTML = event.data;
});

source.addEventListener("over", () => {
  source.close();
  // With what can be done now.
  location.reload();
});

source.addEventListener("error", () => {
  if (source.readyState === EventSource.CLOSED) {
    setTimeout(() => location.reload(), 5000);
  }
});

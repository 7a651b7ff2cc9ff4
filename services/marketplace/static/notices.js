// Shows what one is told while the page is open. Without this, it is there when the page is opened anew.
const place = document.getElementById("notices");
const source = new EventSource(place.dataset.live);

source.addEventListener("notices", (event) => {
  // Made by the server from the template of the page itself, with everything escaped.
  place.innerHTML = event.data;
});

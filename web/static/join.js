/** The page of an invitation link: the token behind the # becomes a session when its reader presses the button. */

const button = /** @type {HTMLButtonElement} */ (document.getElementById("come-in"));
const objection = /** @type {HTMLElement} */ (document.getElementById("objection"));
const token = location.hash.slice(1);

button.addEventListener("click", comeIn);
if (!token) refuse("This address has no invitation in it: open the whole link, with what stands behind the #.");

async function comeIn() {
  button.disabled = true;
  objection.textContent = "";
  try {
    const answer = await fetch("/api/session", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token }),
    });
    if (answer.ok) return location.replace("/");
    refuse((await answer.json()).error);
  } catch {
    button.disabled = false;
    objection.textContent = "The server does not answer. Try again in a moment.";
  }
}

/** @param {string} sentence */
function refuse(sentence) {
  button.disabled = true;
  objection.textContent = sentence;
}

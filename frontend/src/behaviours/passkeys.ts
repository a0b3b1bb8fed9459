import { behaviour } from ".";

type Options = Record<string, unknown> & {
  publicKey: Record<string, unknown> & { challenge: string; user?: { id: string }; rpId?: string };
};

/** `<form data-passkey="make|ask">`: its button asks the device, whose answer is sent as `credential`.
 *
 * What to ask stands on the page (`#passkey-options`) or is fetched from `data-passkey-options` when asked.
 */
behaviour("form[data-passkey]", (element) => {
  const form = element as HTMLFormElement;
  const button = form.querySelector<HTMLButtonElement>("[data-passkey-go]");
  const failed = form.querySelector<HTMLElement>("[data-passkey-failed]");
  const unable = form.querySelector<HTMLElement>("[data-passkey-unable]");
  if (!button) return;
  if (!canUsePasskeys()) {
    if (unable) unable.hidden = false;
    return;
  }
  button.hidden = false;
  button.addEventListener("click", () => {
    button.disabled = true;
    if (failed) failed.hidden = true;
    void answer(form)
      .then((credential) => {
        (form.elements.namedItem("credential") as HTMLInputElement).value = JSON.stringify(credential);
        form.requestSubmit();
      })
      .catch(() => {
        if (failed) failed.hidden = false;
      })
      .finally(() => (button.disabled = false));
  });
});

/** Browsers know passkeys only for host names, and only where nobody can listen in. */
function canUsePasskeys(): boolean {
  return window.isSecureContext && "PublicKeyCredential" in window && !/^[\d.]+$|^\[/.test(location.hostname);
}

async function answer(form: HTMLFormElement): Promise<unknown> {
  const { publicKey } = await options(form);
  const given = form.dataset["passkey"] === "make" ? await make(publicKey) : await ask(publicKey);
  if (!given) throw new Error("no credential");
  return written(given as PublicKeyCredential);
}

async function options(form: HTMLFormElement): Promise<Options> {
  const address = form.dataset["passkeyOptions"];
  if (!address) return JSON.parse(document.getElementById("passkey-options")?.textContent ?? "{}") as Options;
  const response = await fetch(address, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return ((await response.json()) as { request_options: Options }).request_options;
}

function make(publicKey: Options["publicKey"]): Promise<Credential | null> {
  const user = { ...publicKey.user, id: bytes(publicKey.user?.id ?? "") };
  const known = described(publicKey["excludeCredentials"]);
  const wanted = { ...publicKey, challenge: bytes(publicKey.challenge), user, excludeCredentials: known };
  return navigator.credentials.create({ publicKey: wanted as unknown as PublicKeyCredentialCreationOptions });
}

function ask(publicKey: Options["publicKey"]): Promise<Credential | null> {
  const known = described(publicKey["allowCredentials"]);
  const wanted = { ...publicKey, challenge: bytes(publicKey.challenge), allowCredentials: known };
  return navigator.credentials.get({ publicKey: wanted as unknown as PublicKeyCredentialRequestOptions });
}

function described(list: unknown): object[] {
  return ((list ?? []) as { id: string }[]).map((one) => ({ ...one, id: bytes(one.id) }));
}

/** What the server reads: every sequence of bytes as base64url. */
function written(credential: PublicKeyCredential): unknown {
  const response = credential.response as AuthenticatorAttestationResponse & AuthenticatorAssertionResponse;
  const made = "attestationObject" in credential.response;
  return {
    id: credential.id,
    rawId: letters(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: made
      ? {
          clientDataJSON: letters(response.clientDataJSON),
          attestationObject: letters(response.attestationObject),
          transports: response.getTransports(),
        }
      : {
          clientDataJSON: letters(response.clientDataJSON),
          authenticatorData: letters(response.authenticatorData),
          signature: letters(response.signature),
          userHandle: response.userHandle ? letters(response.userHandle) : null,
        },
  };
}

function bytes(base64url: string): Uint8Array {
  return Uint8Array.from(atob(base64url.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
}

function letters(buffer: ArrayBuffer): string {
  const binary = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

// Another system as openid-client sees ours: discovery, code flow with PKCE, userinfo, log-out address; one JSON a line.
import { createInterface } from "node:readline";
import * as client from "openid-client";

const [issuer, id, secret, back, acr] = process.argv.slice(2);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const tell = (said) => process.stdout.write(JSON.stringify(said) + "\n");

const config = await client.discovery(new URL(issuer), id, secret, undefined, { execute: [client.allowInsecureRequests] });
const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const nonce = client.randomNonce();
const authorize = client.buildAuthorizationUrl(config, {
  redirect_uri: back,
  scope: "openid profile assurance roles mandates",
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  state,
  nonce,
  max_age: "600",
  acr_values: acr,
});
tell({ authorize: authorize.href });

const { value: returned } = await lines.next();
try {
  const tokens = await client.authorizationCodeGrant(config, new URL(returned), {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    maxAge: 600,
    idTokenExpected: true,
  });
  const claims = tokens.claims();
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
  const leave = client.buildEndSessionUrl(config, { post_logout_redirect_uri: back, id_token_hint: tokens.id_token });
  tell({ claims, userinfo, leave: leave.href });
  await lines.next(); // signed out in between
  const again = await client.fetchUserInfo(config, tokens.access_token, claims.sub).then(() => "open", () => "closed");
  const renewed = await client.refreshTokenGrant(config, tokens.refresh_token).then(() => "open", () => "closed");
  tell({ again, renewed });
} catch (error) {
  tell({ error: error.error ?? error.code ?? String(error) });
}
process.exit(0);

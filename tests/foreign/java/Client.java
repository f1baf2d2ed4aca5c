import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.BadJWSException;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import com.nimbusds.oauth2.sdk.ClientCredentialsGrant;
import com.nimbusds.oauth2.sdk.OAuth2Error;
import com.nimbusds.oauth2.sdk.Scope;
import com.nimbusds.oauth2.sdk.TokenRequest;
import com.nimbusds.oauth2.sdk.TokenResponse;
import com.nimbusds.oauth2.sdk.as.AuthorizationServerMetadata;
import com.nimbusds.oauth2.sdk.auth.ClientSecretBasic;
import com.nimbusds.oauth2.sdk.auth.Secret;
import com.nimbusds.oauth2.sdk.id.ClientID;
import com.nimbusds.oauth2.sdk.id.Issuer;
import java.util.Map;
import java.util.Set;
import net.minidev.json.JSONObject;

/** Takes a token with the Nimbus OAuth 2.0 SDK and verifies it with Nimbus JOSE+JWT. The contract is in ../README.md. */
public final class Client {
    private static final Map<String, String> ENVIRONMENT = System.getenv();

    public static void main(String[] arguments) {
        try {
            System.out.println(run());
        } catch (Exception | AssertionError error) {
            System.err.println(error.toString().replace('\n', ' '));
            System.exit(1);
        }
    }

    private static String run() throws Exception {
        var server = AuthorizationServerMetadata.resolve(new Issuer(ENVIRONMENT.get("ISSUER")));
        var verifier = verifier(server);
        var secret = ENVIRONMENT.get("CLIENT_SECRET");

        var answer = ask(server, secret);
        if (!answer.indicatesSuccess()) {
            throw new AssertionError("refused: " + answer.toErrorResponse().getErrorObject());
        }
        var token = answer.toSuccessResponse().getTokens().getBearerAccessToken().getValue();
        JWTClaimsSet claims = verifier.process(token, null);

        try {
            verifier.process(flip(token), null);
            throw new AssertionError("a token with a changed signature was accepted");
        } catch (BadJWSException expected) {
            // As it should be.
        }

        var wrong = ask(server, secret + "x");
        if (wrong.indicatesSuccess()) {
            throw new AssertionError("a wrong secret was accepted");
        }
        if (!OAuth2Error.INVALID_CLIENT.equals(wrong.toErrorResponse().getErrorObject())) {
            throw new AssertionError("a wrong secret gave " + wrong.toErrorResponse().getErrorObject());
        }
        return JSONObject.toJSONString(claims.toJSONObject());
    }

    private static TokenResponse ask(AuthorizationServerMetadata server, String secret) throws Exception {
        var client = new ClientSecretBasic(new ClientID(ENVIRONMENT.get("CLIENT_ID")), new Secret(secret));
        var request = new TokenRequest.Builder(server.getTokenEndpointURI(), client, new ClientCredentialsGrant())
            .scope(Scope.parse(ENVIRONMENT.get("SCOPE")))
            .build();
        return TokenResponse.parse(request.toHTTPRequest().send());
    }

    private static DefaultJWTProcessor<SecurityContext> verifier(AuthorizationServerMetadata server) throws Exception {
        var algorithm = JWSAlgorithm.parse(ENVIRONMENT.getOrDefault("ALGORITHM", "RS256"));
        var keys = JWKSourceBuilder.create(server.getJWKSetURI().toURL()).build();
        var verifier = new DefaultJWTProcessor<SecurityContext>();
        verifier.setJWSTypeVerifier(new DefaultJOSEObjectTypeVerifier<>(new JOSEObjectType("at+jwt")));
        verifier.setJWSKeySelector(new JWSVerificationKeySelector<>(algorithm, keys));
        verifier.setJWTClaimsSetVerifier(new DefaultJWTClaimsVerifier<>(
            ENVIRONMENT.get("AUDIENCE"),
            new JWTClaimsSet.Builder().issuer(server.getIssuer().getValue()).build(),
            Set.of("sub", "exp", "iat", "jti", "client_id")));
        return verifier;
    }

    /** The same token with one bit of its signature changed. */
    private static String flip(String token) {
        int dot = token.lastIndexOf('.');
        byte[] raw = new Base64URL(token.substring(dot + 1)).decode();
        raw[raw.length / 2] ^= 1;
        return token.substring(0, dot + 1) + Base64URL.encode(raw);
    }
}

// Takes a token with golang.org/x/oauth2 and verifies it with golang-jwt. The contract is in ../README.md.
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/MicahParks/keyfunc/v2"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

type metadata struct {
	Issuer        string `json:"issuer"`
	TokenEndpoint string `json:"token_endpoint"`
	JwksURI       string `json:"jwks_uri"`
}

// discover reads the RFC 8414 document: x/oauth2 has no discovery of its own.
func discover(issuer string) (found metadata, err error) {
	answer, err := http.Get(issuer + "/.well-known/oauth-authorization-server")
	if err != nil {
		return found, err
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(&found); err != nil {
		return found, err
	}
	if found.Issuer != issuer {
		return found, fmt.Errorf("the metadata names another issuer: %s", found.Issuer)
	}
	return found, nil
}

func take(endpoint, secret string) (string, error) {
	config := clientcredentials.Config{
		ClientID:     os.Getenv("CLIENT_ID"),
		ClientSecret: secret,
		TokenURL:     endpoint,
		Scopes:       strings.Fields(os.Getenv("SCOPE")),
		AuthStyle:    oauth2.AuthStyleInHeader,
	}
	token, err := config.Token(context.Background())
	if err != nil {
		return "", err
	}
	return token.AccessToken, nil
}

func verify(text string, keys jwt.Keyfunc) (jwt.MapClaims, error) {
	algorithm := os.Getenv("ALGORITHM")
	if algorithm == "" {
		algorithm = "RS256"
	}
	claims := jwt.MapClaims{}
	token, err := jwt.ParseWithClaims(text, claims, keys,
		jwt.WithValidMethods([]string{algorithm}),
		jwt.WithIssuer(os.Getenv("ISSUER")),
		jwt.WithAudience(os.Getenv("AUDIENCE")),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
	)
	if err != nil {
		return nil, err
	}
	if typ, _ := token.Header["typ"].(string); !strings.EqualFold(typ, "at+jwt") {
		return nil, fmt.Errorf("typ is %q, not at+jwt", typ)
	}
	return claims, nil
}

// flip changes one bit of the signature.
func flip(token string) (string, error) {
	dot := strings.LastIndex(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(token[dot+1:])
	if err != nil {
		return "", err
	}
	raw[len(raw)/2] ^= 1
	return token[:dot+1] + base64.RawURLEncoding.EncodeToString(raw), nil
}

func run() error {
	server, err := discover(os.Getenv("ISSUER"))
	if err != nil {
		return err
	}
	jwks, err := keyfunc.Get(server.JwksURI, keyfunc.Options{})
	if err != nil {
		return err
	}
	secret := os.Getenv("CLIENT_SECRET")
	token, err := take(server.TokenEndpoint, secret)
	if err != nil {
		return err
	}
	claims, err := verify(token, jwks.Keyfunc)
	if err != nil {
		return err
	}

	changed, err := flip(token)
	if err != nil {
		return err
	}
	if _, err := verify(changed, jwks.Keyfunc); err == nil {
		return errors.New("a token with a changed signature was accepted")
	} else if !errors.Is(err, jwt.ErrTokenSignatureInvalid) {
		return err
	}

	var refused *oauth2.RetrieveError
	if _, err := take(server.TokenEndpoint, secret+"x"); err == nil {
		return errors.New("a wrong secret was accepted")
	} else if !errors.As(err, &refused) || refused.ErrorCode != "invalid_client" {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(claims)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, strings.ReplaceAll(err.Error(), "\n", " "))
		os.Exit(1)
	}
}

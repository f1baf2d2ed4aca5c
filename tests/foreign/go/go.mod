module claviger.invalid/foreign

go 1.18

require (
	github.com/MicahParks/keyfunc/v2 v2.1.0
	github.com/golang-jwt/jwt/v5 v5.2.2 // the last one for Go before 1.21
	golang.org/x/oauth2 v0.26.0
)

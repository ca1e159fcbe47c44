module sallyport.dev/sallyport

go 1.26.0

require (
	golang.org/x/crypto v0.58.0
	golang.org/x/text v0.43.0
	rsc.io/qr v0.2.0
)

require golang.org/x/sys v0.49.0 // indirect

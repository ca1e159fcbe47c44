module sallyport.dev/sallyport/contract

go 1.26.0

require sallyport.dev/sallyport v0.0.0

require rsc.io/qr v0.2.0 // indirect

replace sallyport.dev/sallyport => ../

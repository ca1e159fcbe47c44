package app

import (
	"errors"

	"sallyport.dev/sallyport/internal/config"
	"sallyport.dev/sallyport/internal/delivery"
)

func newSMTP(c config.Carrier, d delivery.Desk) (delivery.Carrier, error) {
	return delivery.Carrier{}, errors.New("tmp")
}

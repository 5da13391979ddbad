"""The WNS protocol without a socket: tokens, requests, responses, the exchange for one send, and diagnoses."""

"""The protocol of WNS without a socket: tokens, requests, responses, the exchange of a send, diagnoses."""

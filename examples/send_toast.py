"""Sends one toast to a simulated phone and prints what arrived."""

from winpush import Client, mpns
from winpush.emulator import Emulator

with Emulator() as emulator, Client(allow_hosts=[emulator.authority]) as client:
    phone = emulator.create_channel(version="8.0")
    result = client.send(phone.uri, mpns.Toast("Storm warning", "Gusts of 90 km/h from 18:00", "/Warnings.xaml?id=7"))
    result.raise_for_error()
    print(result.outcome.value, phone.toasts[-1].content)

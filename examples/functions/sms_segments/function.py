"""Trigger on message.sms.sent: how many segments a text really costs, and what to change to save one."""

import math

GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
DOUBLE = set("^{}\\[~]|€")


def handler(event):
    text = event["properties"]["text"]
    odd = sorted({letter for letter in text if letter not in GSM and letter not in DOUBLE})
    if odd:
        units = sum(2 if ord(letter) > 0xFFFF else 1 for letter in text)
        single, many = 70, 67
    else:
        units = sum(2 if letter in DOUBLE else 1 for letter in text)
        single, many = 160, 153
    segments = 1 if units <= single else math.ceil(units / many)
    return {"segments": segments, "encoding": "UCS-2" if odd else "GSM-7", "because_of": odd}

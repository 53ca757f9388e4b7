"""Other words for the classes, which labels teach as well."""

from __future__ import annotations

SYNONYMS = {
    "siren": (
        "ambulance siren",
        "police siren",
        "fire engine siren",
        "ambulance passing",
        "emergency vehicle",
    ),
    "civil_defense_siren": ("air raid siren", "tornado siren"),
    "alarm_siren": ("alarm", "emergency alarm"),
    "dog_bark": ("dog barking", "dogs barking", "a dog", "puppy yapping"),
    "fire_smoke_alarm": ("smoke alarm", "fire alarm", "smoke detector beeping", "smoke alarm beeping"),
    "alarm_clock": ("alarm clock ringing", "alarm clock beeping", "wake up alarm"),
    "baby_cry": ("baby crying", "infant crying", "crying baby"),
    "glass_break": ("glass breaking", "glass shattering", "broken glass", "window smashing"),
    "door_knock": ("knocking on a door", "someone knocking at the door", "knock", "door knocking"),
    "doorbell": ("door bell", "doorbell ringing", "ding dong"),
    "car_horn": ("car honking", "vehicle horn", "honking", "beeping car horn"),
    "gunshot": ("gun shot", "gunfire", "gun shooting"),
    "scream": ("screaming", "someone screaming"),
    "speech_shout": ("shouting", "someone shouting", "yelling"),
    "telephone_ring": ("telephone ringing", "phone ringing"),
    "ringtone": ("mobile phone ringing", "phone ringtone"),
    "speech": ("people talking", "a person speaking", "conversation"),
    "children_playing": ("kids playing", "children shouting and playing"),
    "keyboard_typing": ("typing on a keyboard", "computer keyboard"),
    "footsteps": ("someone walking", "walking footsteps"),
    "water_running": ("running water", "water tap", "faucet"),
    "vacuum_cleaner": ("vacuum cleaning", "hoover"),
    "engine": ("engine idling", "motor running"),
    "cat_meow": ("cat meowing", "a cat"),
    "cough": ("coughing", "someone coughing"),
    "bird_chirp": ("birds chirping", "bird song"),
}
"""Other words for the classes that matter most."""

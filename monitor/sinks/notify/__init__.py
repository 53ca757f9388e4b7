"""Telling people, devices and programs: what to tell whom and when, and the ways there.

``record -> planner (one for each who is told) -> courier (a thread and a spool each) -> channel``
"""

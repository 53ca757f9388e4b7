"""What a monitor costs on this computer, measured from outside and stage by stage."""

"""What is known of one name, without running anything?"""

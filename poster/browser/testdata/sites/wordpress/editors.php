<?php
// Who is called after the classic editor has that one, as its plugin would have it.
add_filter('use_block_editor_for_post', fn() => !str_starts_with(wp_get_current_user()->user_login, 'classic'));

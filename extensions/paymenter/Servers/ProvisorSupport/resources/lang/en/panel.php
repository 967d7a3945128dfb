<?php

declare(strict_types=1);

return [
    'title' => 'Support',
    'key' => 'Support key',
    'key_help' => 'Give it to the help desk, so that they know who you are.',
    'change' => 'New key',
    'change_ask' => 'The key above is no longer good as soon as you have a new one.',
    'change_yes' => 'Give me a new key',
    'cancel' => 'Cancel',
    'changed' => 'This is your new key.',
    'change_unknown' => 'No answer came. The key that you see now is the one that holds.',
    'suspended' => 'Your subscription is suspended. Its key is good again once it is paid.',
    'terminated' => 'Your subscription has ended.',
    'not_configured' => 'This service is not configured. Please contact support.',
];

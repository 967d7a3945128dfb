<?php

declare(strict_types=1);

return [
    'quota' => ':used of :limit used',
    'cancel' => 'Cancel',
    'not_configured' => 'This page is not configured. Please contact support.',
];

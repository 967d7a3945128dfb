<?php

declare(strict_types=1);

namespace Provisor\Paymenter;

/** The panel encrypts a setting when it is edited, and not when the server is first saved. */
final class StoredSecret
{
    /**
     * Saves the key anew, encrypted. Repeating it changes nothing.
     *
     * @param object $record the panel's server or extension, whose `settings()` is an Eloquent relation
     */
    public static function seal(object $record): void
    {
        foreach ($record->settings()->where('key', 'api_key')->get() as $setting) {
            if (!$setting->encrypted) {
                $setting->encrypted = true;
                $setting->save();
            }
        }
    }
}
